/** Quick fixes of a finding: change the code, open it in the simulator, copy it as a mail, suppress it with a reason. */
import {
  type CodeAction,
  CodeActionKind,
  type Diagnostic,
  type Range,
  type WorkspaceEdit,
} from "vscode-languageserver";
import type { FixOffer } from "../core/query/queries.ts";
import type { Finding, Review } from "../core/report/finding.ts";
import {
  CLIENT_COMMANDS,
  type FindingArguments,
  type OpenSimulatorArguments,
  SERVER_COMMANDS,
  type SuppressArguments,
} from "../protocol/messages.ts";
import type { Settings } from "../protocol/settings.ts";
import { makeOpenSuppressionEdit } from "./make-suppression-edit.ts";
import { DIAGNOSTIC_SOURCE, type DiagnosticData, visibleFindings } from "./provide-diagnostics.ts";
import { contains, spanRange, uriOf } from "./tree-location.ts";

export interface FindingsRequest {
  readonly file: string;
  readonly range: Range;
  /** The diagnostics that the client says are here. */
  readonly diagnostics: readonly Diagnostic[];
  readonly review: Review;
  readonly settings: Settings;
}

export interface CodeActionRequest extends FindingsRequest {
  readonly root: string;
  readonly findings: readonly Finding[];
  /** The changes that fit each finding, by its id. */
  readonly fixes: ReadonlyMap<string, readonly FixOffer[]>;
  /** The client runs our commands (panel, question, clipboard); otherwise the server's are named. */
  readonly panels: boolean;
  /** The server can show pages of its own. */
  readonly pages: boolean;
  readonly lineAt: (line: number) => string;
}

/** What an action carries until it is resolved: the change is made only for the one that is looked at. */
export interface FixData {
  readonly root: string;
  readonly finding: string;
  readonly fix: string;
}

/** Findings with more than this at one place get no changes offered for the rest. */
export const FINDINGS_WITH_FIXES = 8;

export function provideCodeActions(request: CodeActionRequest): CodeAction[] {
  const changes: CodeAction[] = [];
  const simulations: CodeAction[] = [];
  const mails: CodeAction[] = [];
  const suppressions: CodeAction[] = [];
  for (const finding of request.findings) {
    const diagnostics = request.diagnostics.filter((diagnostic) => dataOf(diagnostic)?.finding === finding.id);
    const common = { kind: CodeActionKind.QuickFix, diagnostics };
    for (const { fix, title } of request.fixes.get(finding.id) ?? []) {
      const data: FixData = { root: request.root, finding: finding.id, fix };
      changes.push({ ...common, title, data });
    }
    const target: FindingArguments = { root: request.root, finding: finding.id };
    if (request.panels) {
      const simulation: OpenSimulatorArguments = {
        root: request.root,
        findings: [{ id: finding.id, rule: finding.rule, message: finding.message, model: finding.simulation.model }],
      };
      simulations.push(
        command(common, `Open in race simulator (${finding.rule})`, CLIENT_COMMANDS.openSimulator, simulation),
      );
      mails.push(command(common, `Copy as a mail (${finding.rule})`, CLIENT_COMMANDS.copyMail, target));
      const suppression: SuppressArguments = { root: request.root, finding: finding.id, rule: finding.rule };
      suppressions.push(
        command(common, `Suppress here with a reason (${finding.rule})`, CLIENT_COMMANDS.suppress, suppression),
      );
      continue;
    }
    if (request.pages) {
      simulations.push(
        command(common, `Open in race simulator (${finding.rule})`, SERVER_COMMANDS.openSimulator, target),
      );
      mails.push(command(common, `Write as a mail (${finding.rule})`, SERVER_COMMANDS.writeMail, target));
    }
    const made = makeOpenSuppressionEdit({ rule: finding.rule, anchor: finding.line - 1, lineAt: request.lineAt });
    const edit: WorkspaceEdit = { changes: { [uriOf(request.root, finding.file)]: [made] } };
    suppressions.push({ ...common, title: `Suppress here (${finding.rule}): write the reason into the comment`, edit });
  }
  return [...changes, ...simulations, ...mails, ...suppressions];
}

function command(common: Partial<CodeAction>, title: string, name: string, argument: unknown): CodeAction {
  return { ...common, title, command: { title, command: name, arguments: [argument] } };
}

/** The findings at a place: those of the diagnostics that the client names, and those whose anchor the range touches. */
export function findingsHere(request: FindingsRequest): readonly Finding[] {
  const named = new Set(request.diagnostics.map((diagnostic) => dataOf(diagnostic)?.finding));
  return visibleFindings(request.review, request.settings).filter((finding) => {
    if (finding.file !== request.file) return false;
    if (named.has(finding.id)) return true;
    const span = spanRange(finding);
    return contains(span, request.range.start) || contains(request.range, span.start);
  });
}

function dataOf(diagnostic: Diagnostic): DiagnosticData | null {
  if (diagnostic.source !== DIAGNOSTIC_SOURCE) return null;
  const data = diagnostic.data as unknown;
  return typeof data === "object" && data !== null && typeof (data as DiagnosticData).finding === "string"
    ? (data as DiagnosticData)
    : null;
}
