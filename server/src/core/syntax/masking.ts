/**
 * Same-length masking of conditionals that no grammar can take. kernel-c has both arms of an `#ifdef` in the tree
 * wherever each arm is a sequence of whole items or the arms follow each other; where arms are alternatives *inside* a
 * construct (`if (a) {` in one, `{` in the other) only one of them can be parsed at a time. Masking keeps the first arm
 * and writes spaces over the others, so that every offset, line and column stays what it was.
 *
 * A conditional is looked at as the grammar's scanner does (grammars/kernel-c/src/conditionals.h).
 */
import type { SyntaxParser, SyntaxTree } from "./parser-port.ts";

export interface MaskedRange {
  /** UTF-16 offsets of the text that was blanked, end exclusive. */
  readonly start: number;
  readonly end: number;
  /** `alternative`: another arm was kept. `disabled`: the text stands under `#if 0`. */
  readonly reason: "alternative" | "disabled";
}

export interface MaskedText {
  /** As long as the text given; equal to it when `ranges` is empty. */
  readonly text: string;
  readonly ranges: readonly MaskedRange[];
}

export interface MaskedTree {
  readonly tree: SyntaxTree;
  /** The text that was parsed. */
  readonly text: string;
  /** What the tree does not show; empty when the text parsed as it is, or when masking did not help. */
  readonly ranges: readonly MaskedRange[];
}

interface Arm {
  /** From the end of the directive's line to the start of the next directive of this conditional. */
  readonly start: number;
  end: number;
  whole: boolean;
  empty: boolean;
}

interface Conditional {
  readonly disabled: boolean;
  readonly arms: Arm[];
  /** `else` follows the #endif. */
  elseFollows: boolean;
}

/** Conditionals nested deeper than this are left alone: no source has them, but an input may. */
const MAX_DEPTH = 200;

/**
 * Blanks the arms that cannot be parsed beside the arm before them, and what stands under `#if 0`.
 * Takes any text; linear in its length.
 */
export function maskAlternatives(text: string): MaskedText {
  const { conditionals, outside } = findConditionals(text);
  const ranges: MaskedRange[] = outside.map(({ start, end }) => ({ start, end, reason: "alternative" }));
  for (const conditional of conditionals) {
    const [first, ...others] = conditional.arms;
    if (first === undefined || isInside(first.start, ranges)) continue;
    if (conditional.disabled && first.end > first.start) {
      ranges.push({ start: first.start, end: first.end, reason: "disabled" });
      continue;
    }
    if (others.length === 0) continue;
    const cut = conditional.elseFollows || conditional.arms.some((arm) => !arm.whole && !arm.empty);
    if (!cut) continue;
    for (const arm of others) {
      if (arm.end > arm.start) ranges.push({ start: arm.start, end: arm.end, reason: "alternative" });
    }
  }
  ranges.sort((a, b) => a.start - b.start);
  return { text: blank(text, ranges), ranges };
}

/**
 * Parses the text, and where the tree has errors, the masked text; gives the tree with fewer errors.
 * The caller deletes the tree. Null when `shouldStop` answered true.
 */
export function parseWithMasking(parser: SyntaxParser, text: string, shouldStop?: () => boolean): MaskedTree | null {
  const tree = parser.parse(text, undefined, shouldStop);
  if (tree === null) return null;
  if (!tree.rootNode.hasError) return { tree, text, ranges: [] };
  const masked = maskAlternatives(text);
  if (masked.ranges.length === 0) return { tree, text, ranges: [] };
  const maskedTree = parser.parse(masked.text, undefined, shouldStop);
  if (maskedTree === null) {
    tree.delete();
    return null;
  }
  if (countErrors(maskedTree) < countErrors(tree)) {
    tree.delete();
    return { tree: maskedTree, text: masked.text, ranges: masked.ranges };
  }
  maskedTree.delete();
  return { tree, text, ranges: [] };
}

/** How many ERROR and MISSING nodes a tree has. */
export function countErrors(tree: SyntaxTree): number {
  if (!tree.rootNode.hasError) return 0;
  let count = 0;
  const cursor = tree.rootNode.walk();
  let descend = true;
  for (;;) {
    if (descend && (cursor.nodeType === "ERROR" || cursor.nodeIsMissing)) count++;
    if (descend && cursor.gotoFirstChild()) continue;
    descend = true;
    if (cursor.gotoNextSibling()) continue;
    if (!cursor.gotoParent()) break;
    descend = false;
  }
  cursor.delete();
  return count;
}

function isInside(offset: number, ranges: readonly MaskedRange[]): boolean {
  return ranges.some((range) => range.start <= offset && offset < range.end);
}

function blank(text: string, ranges: readonly MaskedRange[]): string {
  let result = "";
  let from = 0;
  for (const { start, end } of ranges) {
    if (start < from) continue;
    result += text.slice(from, start) + text.slice(start, end).replace(/[^\r\n]/g, " ");
    from = end;
  }
  return result + text.slice(from);
}

/** Words, brackets, directives and the like; comments and literals are passed over as one token. */
const TOKEN =
  /\/\*[\s\S]*?(?:\*\/|(?![\s\S]))|\/\/(?:\\\r?\n|[^\n])*|"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?|^[ \t]*#[ \t]*(\w+)(?:\\\r?\n|\/\*[\s\S]*?(?:\*\/|(?![\s\S]))|[^\n])*|([A-Za-z_$][\w$]*)|\d[\w.]*|\\\r?\n|[^\s\w]/gm;

/** What is known of the arm being read. */
class ArmReader {
  readonly arm: Arm;
  depth = 0;
  last = "";
  broken = false;
  comma = false;
  atStart = true;
  /** The statement being read starts with if, else, for, while or switch. */
  conditional = false;
  /** The statement starts in column 0, as items of file level do. */
  fileLevel = false;
  /** Words of the statement at depth 0: a macro call has one, the head of a function more. */
  words = 0;

  constructor(start: number) {
    this.arm = { start, end: start, whole: true, empty: true };
  }

  read(token: string, word: boolean, column: number): void {
    if (this.arm.empty && startsInside(token)) this.broken = true;
    this.arm.empty = false;
    const start = this.atStart && this.depth === 0;
    if (word) {
      if (start) {
        this.conditional = /^(if|else|for|while|switch)$/.test(token);
        this.fileLevel = column === 0;
        this.words = 0;
      }
      if (this.depth === 0) this.words++;
      this.atStart = false;
      this.last = token === "else" || token === "do" ? "?" : "a";
      return;
    }
    this.last = token.slice(-1);
    this.atStart = false;
    if ("([{".includes(token)) this.depth++;
    else if (")]}".includes(token)) {
      this.depth--;
      if (this.depth < 0) this.broken = true;
      if (token === "}" && this.depth === 0) this.atStart = true;
    } else if (this.depth === 0 && (token === ";" || token === ":")) this.atStart = true;
    else if (this.depth === 0 && token === ",") this.comma = true;
  }

  /** At the directive that ends the arm. */
  close(end: number): void {
    this.arm.end = end;
    const macro = this.last === ")" && !this.conditional && this.fileLevel && this.words === 1;
    const ends = macro || /^[;}:,]$/.test(this.last);
    this.arm.whole = !this.broken && this.depth === 0 && (this.arm.empty || ends);
  }
}

/** An arm that starts like this goes on with something that was begun before it. */
function startsInside(token: string): boolean {
  return token === "else" || /^[|?,)\]=/%<>^:}"]/.test(token);
}

interface Conditionals {
  /** Outer ones before those inside them. */
  readonly conditionals: readonly Conditional[];
  /**
   * What belongs to conditionals that were opened before the text, from their #else to their #endif: a function whose
   * head stands in each arm is read from its first head on.
   */
  readonly outside: readonly { readonly start: number; readonly end: number }[];
}

function findConditionals(text: string): Conditionals {
  const found: Conditional[] = [];
  const outside: { start: number; end: number }[] = [];
  let outsideFrom = -1;
  const open: { conditional: Conditional; reader: ArmReader }[] = [];
  let closed: Conditional | null = null;
  for (const match of text.matchAll(TOKEN)) {
    const token = match[0];
    const directive = match[1];
    if (directive !== undefined) {
      const after = match.index + token.length;
      const top = open.at(-1);
      if (/^if(n?def)?$/.test(directive)) {
        if (open.length >= MAX_DEPTH) break;
        const conditional = { disabled: /#\s*if\s+0\s*(\/[*/]|$)/.test(token), arms: [], elseFollows: false };
        found.push(conditional);
        open.push({ conditional, reader: new ArmReader(after) });
      } else if (top !== undefined && /^(else|elif|elifn?def|endif)$/.test(directive)) {
        top.reader.close(match.index);
        top.conditional.arms.push(top.reader.arm);
        if (directive === "endif") {
          open.pop();
          closed = top.conditional;
        } else top.reader = new ArmReader(after);
      } else if (/^(else|elif|elifn?def)$/.test(directive)) {
        if (outsideFrom < 0) outsideFrom = match.index;
      } else if (directive === "endif") {
        outside.push({ start: outsideFrom < 0 ? match.index : outsideFrom, end: after });
        outsideFrom = -1;
      }
      continue;
    }
    if (/^(\/[*/]|\\\r?\n)/.test(token)) continue;
    if (closed !== null) {
      closed.elseFollows = token === "else";
      closed = null;
    }
    const word = match[2] !== undefined || /^\d/.test(token);
    const lineStart = open.length > 0 && word ? text.lastIndexOf("\n", match.index) + 1 : 0;
    for (const { reader } of open) reader.read(token, word, match.index - lineStart);
  }
  return { conditionals: found, outside };
}
