/**
 * Expected findings as comments of the fixture's own C text, on the line where the finding is anchored:
 *
 *     mark_inode_dirty(inode); [expect: dirty-under-memalloc error, nofail-under-memalloc error?]
 *
 * with C's comment signs for the brackets. Grammar: `expect:` and then entries separated by commas, each `<rule id> <severity>`, where a severity is error,
 * warning or hint, and a `?` after it means tolerated but not required. One marker on a line. Lines without a marker
 * expect nothing, so that a false alarm fails the test just as a miss does.
 */
import { type Finding, RULE_IDS, type RuleId, type Severity } from "../../server/src/core/report/finding.ts";
import type { FixtureTree } from "./fixture.ts";

export interface ExpectedFinding {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly rule: RuleId;
  readonly severity: Severity;
  readonly required: boolean;
}

const MARKER = /\/\*\s*expect:\s*(.*?)\s*\*\//;
const ENTRY = /^([a-z-]+) (error|warning|hint)(\?)?$/;

/**
 * All markers of a tree, in order of file and line.
 * @throws Error naming file and line when a marker does not follow the grammar or names an unknown rule
 */
export function parseMarkers(tree: FixtureTree): ExpectedFinding[] {
  const expected: ExpectedFinding[] = [];
  for (const [file, text] of tree) {
    if (!/\.[ch]$/.test(file)) continue;
    text.split("\n").forEach((content, index) => {
      const marker = MARKER.exec(content);
      if (marker?.[1] === undefined) return;
      for (const entry of marker[1].split(/\s*,\s*/)) {
        const parts = ENTRY.exec(entry);
        if (parts === null) throw new Error(`${file}:${index + 1}: not a marker entry: "${entry}"`);
        expected.push({
          file,
          line: index + 1,
          rule: knownRule(parts[1] ?? "", `${file}:${index + 1}`),
          severity: parts[2] as Severity,
          required: parts[3] === undefined,
        });
      }
    });
  }
  return expected;
}

function knownRule(name: string, where: string): RuleId {
  const rule = RULE_IDS.find((id) => id === name);
  if (rule === undefined) throw new Error(`${where}: unknown rule "${name}"`);
  return rule;
}

type Anchored = Pick<Finding, "file" | "line" | "rule" | "staticSeverity">;

/**
 * Compares findings with markers.
 * @returns one line for each difference, `missing: ...` or `unexpected: ...`; empty when all is as marked
 */
export function compareWithMarkers(
  findings: readonly Anchored[],
  expected: readonly ExpectedFinding[],
  describe: (finding: Anchored) => string = () => "",
): string[] {
  const key = (file: string, line: number, rule: string, severity: string) => `${file}:${line} ${rule} ${severity}`;
  const found = new Set(
    findings.map((finding) => key(finding.file, finding.line, finding.rule, finding.staticSeverity)),
  );
  const allowed = new Set(expected.map((entry) => key(entry.file, entry.line, entry.rule, entry.severity)));
  const differences: string[] = [];
  for (const entry of expected) {
    const wanted = key(entry.file, entry.line, entry.rule, entry.severity);
    if (entry.required && !found.has(wanted)) differences.push(`missing: ${wanted}`);
  }
  for (const finding of findings) {
    const got = key(finding.file, finding.line, finding.rule, finding.staticSeverity);
    if (!allowed.has(got)) differences.push(`unexpected: ${got} ${describe(finding)}`.trimEnd());
  }
  return differences.sort();
}
