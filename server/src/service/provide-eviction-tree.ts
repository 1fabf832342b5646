/** The eviction view: filesystems, their operations, and what was found in each. */
import type { ContextName, Finding, Review, RuleId } from "../core/report/finding.ts";
import type { RootPhase } from "../protocol/messages.ts";
import type { Settings } from "../protocol/settings.ts";
import { nameOfTree, readTreeAddress } from "../protocol/tree-address.ts";
import type {
  EvictionTreeResult,
  TreeFilesystem,
  TreeFinding,
  TreeOperation,
  TreeRoot,
  ViewFilter,
} from "../protocol/views.ts";
import { visibleFindings } from "./provide-diagnostics.ts";
import { compareCounts, countSeverities, shownSeverity } from "./shown-severity.ts";

export interface ReviewedRoot {
  readonly root: string;
  readonly phase: RootPhase;
  readonly message: string;
  readonly revision: number;
  readonly review: Review | null;
}

export function provideEvictionTree(
  roots: readonly ReviewedRoot[],
  filter: ViewFilter,
  settingsOf: (root: string) => Settings,
): EvictionTreeResult {
  const rules = new Map<RuleId, number>();
  const contexts = new Map<ContextName, number>();
  const folders = new Map<string, number>();
  const add = <K>(map: Map<K, number>, key: K): void => void map.set(key, (map.get(key) ?? 0) + 1);
  for (const { root, review } of roots) {
    for (const finding of review === null ? [] : visibleFindings(review, settingsOf(root))) {
      add(rules, finding.rule);
      for (const context of finding.contexts) add(contexts, context);
      add(folders, finding.filesystem);
    }
  }
  return {
    roots: roots.map((root) => describeRoot(root, filter, settingsOf(root.root))),
    rules: sortedByName(rules),
    contexts: sortedByName(contexts),
    folders: sortedByName(folders),
  };
}

function sortedByName<K extends string>(map: ReadonlyMap<K, number>): { name: K; findings: number }[] {
  return [...map].map(([name, findings]) => ({ name, findings })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** True for a finding that the filter lets through. */
export function passesFilter(finding: Finding, filter: ViewFilter): boolean {
  return (
    (filter.rules.length === 0 || filter.rules.includes(finding.rule)) &&
    (filter.contexts.length === 0 || filter.contexts.some((context) => finding.contexts.includes(context))) &&
    (filter.folder === "" || isBelow(finding.file, filter.folder) || isBelow(finding.filesystem, filter.folder))
  );
}

function isBelow(path: string, folder: string): boolean {
  const prefix = folder.replace(/\/+$/, "");
  return path === prefix || path.startsWith(`${prefix}/`);
}

function describeRoot(entry: ReviewedRoot, filter: ViewFilter, settings: Settings): TreeRoot {
  const { root, phase, message, revision, review } = entry;
  const all = review === null ? [] : visibleFindings(review, settings);
  const passing = all.filter((finding) => passesFilter(finding, filter));
  const filtered = filter.rules.length > 0 || filter.contexts.length > 0 || filter.folder !== "";
  // Of the kernel behind a module nothing was reviewed.
  const { mount } = readTreeAddress(root);
  const filesystems = (review === null ? [] : listFilesystems(review, passing, settings)).filter(
    ({ id }) => mount === "" || isBelow(id, mount),
  );
  return {
    root,
    name: nameOfTree(root),
    phase,
    message,
    kernelVersion: review?.tree.kernelVersion ?? "",
    revision,
    findings: all.length,
    counts: countSeverities(passing.map((finding) => shownSeverity(finding, settings))),
    // A filter asks for findings: what has none is in the way.
    filesystems: filtered ? filesystems.filter((each) => total(each) > 0).map(withoutClean) : filesystems,
  };
}

function total({ counts }: TreeFilesystem | TreeOperation): number {
  return counts.error + counts.warning + counts.information;
}

function withoutClean(filesystem: TreeFilesystem): TreeFilesystem {
  return { ...filesystem, operations: filesystem.operations.filter((operation) => total(operation) > 0) };
}

/** Worst first, then by name; clean ones are listed, too: that they were looked at is worth knowing. */
function listFilesystems(review: Review, findings: readonly Finding[], settings: Settings): TreeFilesystem[] {
  const rest = new Set(findings);
  const groups = new Map<string, { tables: Set<string>; file: string; line: number; operations: TreeOperation[] }>();
  for (const entry of review.implementations) {
    let group = groups.get(entry.filesystem);
    if (group === undefined) {
      group = { tables: new Set(), file: entry.table.file, line: entry.table.line, operations: [] };
      groups.set(entry.filesystem, group);
    }
    group.tables.add(entry.table.name);
    const own = findings.filter(
      (finding) =>
        finding.filesystem === entry.filesystem &&
        finding.table === entry.table.name &&
        finding.operation === entry.operation,
    );
    for (const finding of own) rest.delete(finding);
    const { operation, function: name, file, line, defined, table } = entry;
    group.operations.push(
      makeOperation({ operation, function: name, file, line, defined, table: table.name }, own, settings),
    );
  }
  // Generic code has no table; its findings stand under their file and function.
  for (const finding of rest) {
    const { filesystem, file, line, function: name, operation, table } = finding;
    let group = groups.get(filesystem);
    if (group === undefined) {
      group = { tables: new Set(), file, line, operations: [] };
      groups.set(filesystem, group);
    }
    const at = group.operations.findIndex((each) => each.function === name && each.table === table);
    const held = group.operations[at];
    const own = [...rest].filter((each) => each.filesystem === filesystem && each.function === name);
    if (held === undefined)
      group.operations.push(
        makeOperation({ operation, function: name, file, line, defined: true, table }, own, settings),
      );
  }
  return [...groups]
    .map(([id, group]) => ({
      id,
      tables: [...group.tables],
      file: group.file,
      line: group.line,
      counts: countSeverities(group.operations.flatMap((each) => each.findings.map((finding) => finding.severity))),
      operations: group.operations,
    }))
    .toSorted((a, b) => compareCounts(a.counts, b.counts) || (a.id < b.id ? -1 : 1));
}

function makeOperation(
  operation: Omit<TreeOperation, "counts" | "findings">,
  findings: readonly Finding[],
  settings: Settings,
): TreeOperation {
  const shown = findings
    .map((finding) => describe(finding, settings))
    .toSorted((a, b) => ORDER[a.severity] - ORDER[b.severity] || a.line - b.line || a.column - b.column);
  return { ...operation, counts: countSeverities(shown.map(({ severity }) => severity)), findings: shown };
}

const ORDER = { error: 0, warning: 1, information: 2 } as const;

function describe(finding: Finding, settings: Settings): TreeFinding {
  const { id, rule, message, file, line, column, contexts, conditions, confidence, confidenceReason } = finding;
  return {
    id,
    rule,
    severity: shownSeverity(finding, settings),
    message,
    file,
    line,
    column,
    function: finding.function,
    contexts,
    conditions,
    confidence: confidenceReason === undefined ? confidence : `${confidence} (${confidenceReason})`,
    model: finding.simulation.model,
    verdict: finding.simulation.verdict,
  };
}
