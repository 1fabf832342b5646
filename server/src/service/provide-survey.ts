/** The survey's matrix: one row for each table of methods, one column for each property, evidence behind every cell. */
import type { FilesystemProperties, PropertyEvidence, PropertyId } from "../core/report/filesystem-properties.ts";
import type { Finding, Implementation, Review, RuleId, Verdict } from "../core/report/finding.ts";
import type { Settings } from "../protocol/settings.ts";
import { nameOfTree } from "../protocol/tree-address.ts";
import type { SurveyCell, SurveyColumn, SurveyEvidence, SurveyRow, SurveyView } from "../protocol/views.ts";
import { visibleFindings } from "./provide-diagnostics.ts";
import { shownSeverity } from "./shown-severity.ts";

interface PropertyColumn extends SurveyColumn {
  readonly id: PropertyId;
  /** Whose findings stand behind the cell. */
  readonly rules: readonly RuleId[];
}

const PROPERTY_COLUMNS: readonly PropertyColumn[] = [
  {
    id: "deletes",
    title: "Deletes",
    hint: "Eviction tests the link count and frees the inode for good",
    rules: [],
  },
  {
    id: "dirties",
    title: "Dirties",
    hint: "Eviction dirties an inode, a buffer or a folio",
    rules: ["dirty-under-memalloc", "dirty-after-clear"],
  },
  {
    id: "no-fail",
    title: "No-fail",
    hint: "Eviction allocates with __GFP_NOFAIL",
    rules: ["nofail-under-memalloc"],
  },
  {
    id: "blocks",
    title: "Blocks",
    hint: "Eviction starts a transaction, waits for disk or network, or sleeps on a lock of the whole filesystem",
    rules: ["blocking-under-memalloc"],
  },
  { id: "looks-up", title: "Looks up", hint: "Eviction looks another inode up", rules: ["lookup-under-evict"] },
  {
    id: "drops-others",
    title: "Drops others",
    hint: "Eviction drops references to other inodes, dentries, paths or files",
    rules: ["iput-under-evict"],
  },
  { id: "defers", title: "Defers", hint: "Eviction queues work for another thread", rules: ["deferred-work"] },
  {
    id: "unhashes-early",
    title: "Unhashes early",
    hint: "The filesystem takes the inode out of the hash by itself, or works on it afterwards",
    rules: ["work-after-unhash", "missing-wakeup", "async-evict-contract"],
  },
];

const OTHER_COLUMNS: readonly SurveyColumn[] = [
  {
    id: "cache",
    title: "Inode cache",
    hint: "How its inodes are found again: the kernel's hash or an index of its own",
  },
  { id: "drop_inode", title: "drop_inode", hint: "Its ->drop_inode; without one the kernel's own rule decides" },
  { id: "verdict", title: "Simulator", hint: "What the race simulator said of its findings" },
  { id: "findings", title: "Findings", hint: "All findings, by severity" },
];

export const SURVEY_COLUMNS: readonly SurveyColumn[] = [
  ...PROPERTY_COLUMNS.map(({ id, title, hint }) => ({ id, title, hint })),
  ...OTHER_COLUMNS,
];

const CACHES: Readonly<Record<FilesystemProperties["cache"], string>> = {
  "inode-hash": "inode hash",
  "own-index": "own index",
  "never-hashed": "never hashed",
  unknown: "unknown",
};

export function provideSurvey(root: string, review: Review, revision: number, settings: Settings): SurveyView {
  const findings = visibleFindings(review, settings);
  const rows = (review.filesystems ?? []).map((entry) => makeRow(entry, review, findings, settings));
  return {
    root,
    name: nameOfTree(root),
    kernelVersion: review.tree.kernelVersion,
    revision,
    columns: SURVEY_COLUMNS,
    rows,
  };
}

function makeRow(entry: FilesystemProperties, review: Review, all: readonly Finding[], settings: Settings): SurveyRow {
  const findings = all.filter(
    (finding) => finding.filesystem === entry.filesystem && finding.table === entry.table.name,
  );
  const reference = (finding: Finding): SurveyCell["findings"][number] => ({
    id: finding.id,
    rule: finding.rule,
    severity: shownSeverity(finding, settings),
    message: finding.message,
  });
  const properties = PROPERTY_COLUMNS.map(({ id, rules }): SurveyCell => {
    const behind = findings.filter((finding) => rules.includes(finding.rule)).map(reference);
    return propertyCell(entry.properties[id], behind);
  });
  const drop = review.implementations.find(
    (each) =>
      each.operation === "drop_inode" && each.filesystem === entry.filesystem && each.table.name === entry.table.name,
  );
  const value = (text: string): SurveyCell => ({ state: "value", text, findings: [] });
  return {
    filesystem: entry.filesystem,
    table: entry.table.name,
    file: entry.table.file,
    line: entry.table.line,
    cells: [
      ...properties,
      value(CACHES[entry.cache]),
      dropCell(drop),
      { ...value(verdictText(findings)), findings: findings.filter(wasSimulated).map(reference) },
      {
        ...value(countText(findings.map((finding) => shownSeverity(finding, settings)))),
        findings: findings.map(reference),
      },
    ],
  };
}

function propertyCell(evidence: PropertyEvidence | undefined, findings: SurveyCell["findings"]): SurveyCell {
  if (evidence === undefined) {
    // A rule can find what is no property of its own: work that follows an unhash elsewhere.
    if (findings.length > 0) return { state: "reclaim", text: "yes", findings };
    return { state: "none", text: "no", findings };
  }
  const shown = describeEvidence(evidence);
  if (evidence.doubt !== undefined) return { state: "doubtful", text: "perhaps", findings, evidence: shown };
  return evidence.reclaim
    ? { state: "reclaim", text: "in reclaim", findings, evidence: shown }
    : { state: "outside", text: "not in reclaim", findings, evidence: shown };
}

function describeEvidence(evidence: PropertyEvidence): SurveyEvidence {
  return {
    file: evidence.file,
    line: evidence.line,
    what: `${evidence.function}(): ${evidence.what}`,
    way: evidence.chain.map(({ function: name, file, line }) => ({ function: name, file, line })),
    ...(evidence.doubt === undefined ? {} : { doubt: evidence.doubt }),
  };
}

function dropCell(drop: Implementation | undefined): SurveyCell {
  if (drop === undefined) return { state: "none", text: "default", findings: [] };
  const { function: name, file, line } = drop;
  return {
    state: "value",
    text: name,
    findings: [],
    evidence: { file, line, what: `${name}() is ->drop_inode`, way: [{ function: name, file, line }] },
  };
}

function wasSimulated(finding: Finding): boolean {
  return finding.simulation.verdict !== "not-run";
}

function verdictText(findings: readonly Finding[]): string {
  if (findings.length === 0) return "none";
  const counts = new Map<Verdict, number>();
  for (const { simulation } of findings) counts.set(simulation.verdict, (counts.get(simulation.verdict) ?? 0) + 1);
  const words = (["violated", "bounded", "holds", "not-run"] as const)
    .filter((verdict) => counts.has(verdict))
    .map((verdict) => `${counts.get(verdict)} ${verdict === "not-run" ? "not run" : verdict}`);
  return words.join(", ");
}

function countText(severities: readonly ("error" | "warning" | "information")[]): string {
  const count = (severity: string): number => severities.filter((each) => each === severity).length;
  const parts = [
    [count("error"), "error"],
    [count("warning"), "warning"],
    [count("information"), "info"],
  ] as const;
  const words = parts.filter(([n]) => n > 0).map(([n, word]) => `${n} ${word}${n === 1 || word === "info" ? "" : "s"}`);
  return words.length === 0 ? "none" : words.join(", ");
}
