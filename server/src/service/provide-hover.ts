/** Hover on a finding, on an eviction operation, on any statement that eviction reaches, and on the protocol's own names. */
import { type Hover, MarkupKind, type Position, type Range } from "vscode-languageserver";
import { VOCABULARY, type VocabularyEntry } from "../core/knowledge/vocabulary.ts";
import type { PlaceExplanation } from "../core/query/queries.ts";
import type { Implementation, Review } from "../core/report/finding.ts";
import type { Settings } from "../protocol/settings.ts";
import { describeFinding } from "./describe-finding.ts";
import { describePlace } from "./describe-place.ts";
import { visibleFindings } from "./provide-diagnostics.ts";
import { summariseImplementation } from "./summarise-implementation.ts";
import { contains, spanRange, uriOf } from "./tree-location.ts";
import { wordAt } from "./word-at.ts";

export interface HoverRequest {
  readonly root: string;
  /** Relative to the root. */
  readonly file: string;
  readonly position: Position;
  /** Text of the line that the position is in. */
  readonly line: string;
  /** Null until the first review is done: names are explained all the same. */
  readonly review: Review | null;
  /** What the solved tree knows of the statement; null outside of eviction. */
  readonly place: PlaceExplanation | null;
  /** Files of the kernel's documentation that this tree has. */
  readonly documentation: readonly string[];
  readonly settings: Settings;
  readonly rulePages: string;
  /** The editor's hover shows the diagnostics at the position by itself. */
  readonly besideDiagnostics: boolean;
}

export function provideHover(request: HoverRequest): Hover | null {
  const { position, review } = request;
  const word = wordAt(request.line, position.character);
  const parts: string[] = [];
  let range: Range | undefined;
  if (review !== null) {
    const here = visibleFindings(review, request.settings).filter(
      (finding) => finding.file === request.file && contains(spanRange(finding), position),
    );
    for (const finding of here) {
      parts.push(
        describeFinding(finding, {
          root: request.root,
          rulePages: request.rulePages,
          beside: request.besideDiagnostics,
        }),
      );
      range ??= spanRange(finding);
    }
    if (word !== null) {
      const implementations = review.implementations.filter((entry) => entry.function === word.text);
      const sameFile = implementations.filter((entry) => entry.file === request.file);
      const shown = sameFile.length > 0 ? sameFile : implementations;
      if (shown.length > 0) parts.push(describeImplementations(shown, review, request));
    }
  }
  if (request.place !== null) parts.push(describePlace(request.place, request.root));
  const entry = word === null ? undefined : VOCABULARY.get(word.text);
  if (word !== null && entry !== undefined) {
    parts.push(describeName(word.text, entry, request));
  }
  if (parts.length === 0) return null;
  if (word !== null && (range === undefined || parts.length > 1)) {
    range = {
      start: { line: position.line, character: word.start },
      end: { line: position.line, character: word.end },
    };
  }
  return {
    contents: { kind: MarkupKind.Markdown, value: parts.join("\n\n---\n\n") },
    ...(range === undefined ? {} : { range }),
  };
}

/** Tables listed for a function that many filesystems share (generic_delete_inode). */
const TABLES_SHOWN = 8;

function describeImplementations(
  implementations: readonly Implementation[],
  review: Review,
  request: HoverRequest,
): string {
  const lines: string[] = [];
  for (const entry of implementations.slice(0, TABLES_SHOWN)) {
    const table = `[\`${entry.table.name}\`](${uriOf(request.root, entry.table.file)}#L${entry.table.line})`;
    lines.push(`**${summariseImplementation(entry, review, request.settings).title}** (table ${table})`);
  }
  if (implementations.length > TABLES_SHOWN) {
    lines.push(`and ${implementations.length - TABLES_SHOWN} other tables`);
  }
  const operation = implementations[0]!.operation;
  const meaning = VOCABULARY.get(operation);
  if (meaning !== undefined) lines.push(meaning.holds);
  return lines.join("\n\n");
}

/** The documentation files that the name at a position may link to, whether or not the tree has them. */
export function documentationAt(line: string, character: number): readonly string[] {
  const word = wordAt(line, character);
  return (word === null ? undefined : VOCABULARY.get(word.text)?.documentation) ?? [];
}

function describeName(name: string, entry: VocabularyEntry, request: HoverRequest): string {
  const { rulePages, root, documentation } = request;
  const lines = [`**\`${name}\`** (eviction): ${entry.meaning}`, entry.holds];
  if (entry.rules !== undefined && entry.rules.length > 0) {
    lines.push(`Rules: ${entry.rules.map((rule) => `[${rule}](${rulePages}${rule}.md)`).join(", ")}`);
  }
  const pages = (entry.documentation ?? []).filter((path) => documentation.includes(path));
  if (pages.length > 0)
    lines.push(`In this tree: ${pages.map((path) => `[${path}](${uriOf(root, path)})`).join(", ")}`);
  lines.push(`Source: ${entry.source}`);
  return lines.join("\n\n");
}
