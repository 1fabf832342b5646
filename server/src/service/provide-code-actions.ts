/** Quick fixes of a finding: open it in the simulator, or suppress it with a reason. */
import { type CodeAction, CodeActionKind, type Diagnostic, type Range } from "vscode-languageserver";
import type { Finding, Review } from "../core/report/finding.ts";
import { CLIENT_COMMANDS, type OpenSimulatorArguments, type SuppressArguments } from "../protocol/messages.ts";
import type { Settings } from "../protocol/settings.ts";
import { DIAGNOSTIC_SOURCE, type DiagnosticData, visibleFindings } from "./provide-diagnostics.ts";
import { contains, spanRange } from "./tree-location.ts";

export interface CodeActionRequest {
  readonly root: string;
  readonly file: string;
  readonly range: Range;
  /** The diagnostics that the client says are here. */
  readonly diagnostics: readonly Diagnostic[];
  readonly review: Review;
  readonly settings: Settings;
}

/** Both actions are commands of the client (a panel, a question): clients without `panels` are given none. */
export function provideCodeActions(request: CodeActionRequest): CodeAction[] {
  const simulations: CodeAction[] = [];
  const suppressions: CodeAction[] = [];
  for (const finding of findingsHere(request)) {
    const diagnostics = request.diagnostics.filter((diagnostic) => dataOf(diagnostic)?.finding === finding.id);
    const target: OpenSimulatorArguments = {
      root: request.root,
      findings: [{ id: finding.id, rule: finding.rule, message: finding.message, model: finding.simulation.model }],
    };
    simulations.push({
      title: `Open in race simulator (${finding.rule})`,
      kind: CodeActionKind.QuickFix,
      diagnostics,
      command: { title: "Open in race simulator", command: CLIENT_COMMANDS.openSimulator, arguments: [target] },
    });
    const suppression: SuppressArguments = { root: request.root, finding: finding.id, rule: finding.rule };
    suppressions.push({
      title: `Suppress here with a reason (${finding.rule})`,
      kind: CodeActionKind.QuickFix,
      diagnostics,
      command: { title: "Suppress with a reason", command: CLIENT_COMMANDS.suppress, arguments: [suppression] },
    });
  }
  return [...simulations, ...suppressions];
}

function findingsHere(request: CodeActionRequest): readonly Finding[] {
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
