/** Findings as diagnostics: the point in one sentence, the chain as related information, a link to the rule's page. */
import {
  type Diagnostic,
  type DiagnosticRelatedInformation,
  DiagnosticSeverity,
  type Location,
  type Range,
} from "vscode-languageserver";
import type { Finding, Review, Severity, TableReference } from "../core/report/finding.ts";
import { isSameData } from "../core/report/same-data.ts";
import type { Settings } from "../protocol/settings.ts";
import { lineLocation, lineRange, spanRange } from "./tree-location.ts";

export const DIAGNOSTIC_SOURCE = "evictscope";

/** Chains through generic code can be 20 calls long; more than this is no help in a problem list. */
const LINKS_SHOWN = 24;
const ENDS_SHOWN = 8;

export interface DiagnosticsRequest {
  readonly root: string;
  readonly review: Review;
  readonly revision: number;
  readonly settings: Settings;
  readonly rulePages: string;
}

/** What travels with a diagnostic and comes back with a code action request. */
export interface DiagnosticData {
  readonly finding: string;
  /** Of the review that first had the finding as it stands here. */
  readonly revision: number;
}

interface Made {
  readonly diagnostic: Diagnostic;
  readonly root: string;
  readonly settings: Settings;
  readonly table: TableReference | undefined;
}

/** Findings stay the same objects from one review to the next while nothing in them changes; so do their diagnostics. */
const MADE = new WeakMap<Finding, Made>();

/** All diagnostics of a review, by file (relative). Rules switched off are left out. */
export function provideDiagnostics(request: DiagnosticsRequest): Map<string, Diagnostic[]> {
  const byFile = new Map<string, Diagnostic[]>();
  const { root, settings } = request;
  const tables = new Map(
    request.review.implementations.map((entry) => [
      `${entry.filesystem}|${entry.table.name}|${entry.operation}`,
      entry.table,
    ]),
  );
  for (const finding of visibleFindings(request.review, request.settings)) {
    let list = byFile.get(finding.file);
    if (list === undefined) {
      list = [];
      byFile.set(finding.file, list);
    }
    const table = tables.get(`${finding.filesystem}|${finding.table}|${finding.operation}`);
    let made = MADE.get(finding);
    if (made?.root !== root || made.settings !== settings || !isSameData(made.table, table)) {
      made = { diagnostic: toDiagnostic(finding, table, request), root, settings, table };
      MADE.set(finding, made);
    }
    list.push(made.diagnostic);
  }
  return byFile;
}

/** The findings whose rule is not switched off. */
export function visibleFindings(review: Review, settings: Settings): readonly Finding[] {
  return review.findings.filter((finding) => settings.rules[finding.rule] !== "off");
}

function toDiagnostic(finding: Finding, table: TableReference | undefined, request: DiagnosticsRequest): Diagnostic {
  const data: DiagnosticData = { finding: finding.id, revision: request.revision };
  return {
    range: firstLine(finding),
    severity: severityOf(finding, request.settings),
    code: finding.rule,
    codeDescription: { href: `${request.rulePages}${finding.rule}.md` },
    source: DIAGNOSTIC_SOURCE,
    message: finding.message,
    relatedInformation: relatedInformation(finding, table, request.root),
    data,
  };
}

/** A call over several lines is marked in its first: editors draw the others from their margin on. */
function firstLine(finding: Finding): Range {
  const range = spanRange(finding);
  return range.end.line === range.start.line ? range : { start: range.start, end: lineRange(finding.line).end };
}

/** A hint becomes an information: VS Code leaves hints out of its problem list, and counts must agree with it. */
const SEVERITIES: Readonly<Record<Severity | "information", DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Information,
};

function severityOf(finding: Finding, settings: Settings): DiagnosticSeverity {
  const setting = settings.rules[finding.rule];
  return SEVERITIES[setting === undefined || setting === "default" || setting === "off" ? finding.severity : setting];
}

function relatedInformation(
  finding: Finding,
  table: TableReference | undefined,
  root: string,
): DiagnosticRelatedInformation[] {
  const related: DiagnosticRelatedInformation[] = [];
  const add = (location: Location, message: string): void => void related.push({ location, message });
  const { chain } = finding;
  const first = finding.ends[0];
  chain.slice(0, LINKS_SHOWN).forEach((link, i) => {
    const next = chain[i + 1];
    const via = link.via === undefined ? "" : ` through ${link.via}`;
    const message =
      next === undefined
        ? `${link.function}(): ${first?.what ?? "here"}`
        : `${link.function}() calls ${next.function}()${via}`;
    add(lineLocation(root, link.file, link.line), `${i + 1}. ${message}`);
  });
  if (chain.length > LINKS_SHOWN) {
    const link = chain[chain.length - 1]!;
    const skipped = chain.length - LINKS_SHOWN - 1;
    const message = `${chain.length}. (${skipped} calls left out) ${link.function}(): ${first?.what ?? "here"}`;
    add(lineLocation(root, link.file, link.line), message);
  }
  const last = chain[chain.length - 1];
  const others = finding.ends.filter((end) => end.file !== last?.file || end.line !== last.line);
  for (const end of others.slice(0, ENDS_SHOWN)) {
    add(lineLocation(root, end.file, end.line), `also: ${end.function}(): ${end.what}`);
  }
  if (others.length > ENDS_SHOWN) {
    const end = others[ENDS_SHOWN]!;
    add(lineLocation(root, end.file, end.line), `and ${others.length - ENDS_SHOWN} other ends`);
  }
  if (table !== undefined) {
    add(
      lineLocation(root, table.file, table.line),
      `.${finding.operation} of ${finding.table} (${finding.filesystem})`,
    );
  }
  return related;
}
