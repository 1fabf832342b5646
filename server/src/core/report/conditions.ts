/** The conditions under which a chain runs, in the source's own words. */
import type { Body } from "../ir/function-bodies.ts";
import type { DraftLink } from "../rules/rule.ts";

const MAX_CONDITIONS = 6;
/** Deeper in the chain only conditions of the subject are worth a reader's time. */
const OF_INTEREST =
  /i_nlink|is_bad_inode|PF_MEMALLOC|current_is_kswapd|I_DIRTY|I_FREEING|gfp|GFP|SB_ACTIVE|s_flags|has_feature|quota/i;

/** A loop that never ends by itself (`while (1)`), or one that counts to a constant: not what a reader wonders about. */
const OF_NO_INTEREST = /^(\d+|true|\w+ <=? [A-Z][A-Z0-9_]*)$/;
/** Macros whose value is their argument's truth: include/linux/compiler.h, include/asm-generic/bug.h. */
const TRANSPARENT = /^(?:likely|unlikely|WARN_ON|WARN_ON_ONCE)(?=\()/;

/** All guards of the first link, the interesting ones of the others; each once, outermost first. */
export function conditionsOf(chain: readonly Pick<DraftLink, "body" | "guard">[]): string[] {
  const conditions: string[] = [];
  chain.forEach((link, index) => {
    for (const text of guardsOf(link.body, link.guard)) {
      if (OF_NO_INTEREST.test(text) || (index > 0 && !OF_INTEREST.test(text))) continue;
      // One that says the opposite in another function is about another object that has the same name there.
      if (index > 0 && conditions.includes(inWords(text, false))) continue;
      if (!conditions.includes(text) && conditions.length < MAX_CONDITIONS) conditions.push(text);
    }
  });
  return conditions;
}

const GUARDS = new WeakMap<Body, Map<number, readonly string[]>>();

/** The guards of one link, outermost first. */
export function guardsOf(body: Body, guard: number): readonly string[] {
  let ofBody = GUARDS.get(body);
  if (ofBody === undefined) {
    ofBody = new Map();
    GUARDS.set(body, ofBody);
  }
  let texts = ofBody.get(guard);
  if (texts === undefined) {
    texts = readGuards(body, guard);
    ofBody.set(guard, texts);
  }
  return texts;
}

function readGuards(body: Body, guard: number): string[] {
  const texts: string[] = [];
  for (let at = guard; at > 0; at = body.ir.guards[at]!.parent) {
    const { start, end, holds } = body.ir.guards[at]!;
    texts.unshift(...conjuncts(body.text.slice(start, end), holds).map((part) => inWords(part.source, part.holds)));
  }
  return texts;
}

/** `a && b` that holds is two conditions, and so is `a || b` that fails. */
function conjuncts(source: string, holds: boolean): { source: string; holds: boolean }[] {
  let text = source.trim();
  for (let inner = unwrapped(text); inner !== null; inner = unwrapped(text)) text = inner;
  if (text.startsWith("!")) {
    const negated = unwrapped(text.slice(1).trim());
    if (negated !== null) return conjuncts(negated, !holds);
  }
  const parts = splitAt(text, holds ? "&&" : "||");
  // Mixed operators bind differently: only a clean list is split.
  if (parts.length > 1 && splitAt(text, holds ? "||" : "&&").length === 1)
    return parts.flatMap((part) => conjuncts(part, holds));
  return [{ source: text, holds }];
}

/** The operands of a chain of one operator outside parentheses. */
function splitAt(text: string, operator: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === "(" || c === "[") depth++;
    else if (c === ")" || c === "]") depth--;
    else if (depth === 0 && text.startsWith(operator, i)) {
      parts.push(text.slice(from, i));
      i += operator.length - 1;
      from = i + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}

/** `(!inode->i_nlink)` that holds, and `(inode->i_nlink)` that fails, are both `inode->i_nlink == 0`. */
export function inWords(source: string, holds: boolean): string {
  let text = source
    .replace(/\/\*.*?\*\//gs, " ")
    .replace(/\s+/g, " ")
    .trim();
  let positive = holds;
  for (;;) {
    const inner = unwrapped(text);
    if (inner !== null) text = inner;
    else if (text.startsWith("!") && isOperand(text.slice(1))) {
      text = text.slice(1).trim();
      positive = !positive;
    } else break;
  }
  const counter = /^([\w>.-]+(?:->|\.)(?:i_nlink|i_count))( > 0)?$/.exec(text);
  if (counter !== null) return `${counter[1]} ${positive ? "!=" : "=="} 0`;
  if (positive) return text;
  const comparison = /^((?:[^&|?<>=!]|->)+?)\s*(==|!=|<=|>=|<|(?<!-)>)\s*([^&|?]+)$/.exec(text);
  if (comparison !== null) return `${comparison[1]} ${OPPOSITE[comparison[2]!]} ${comparison[3]}`;
  return isOperand(text) ? `!${text}` : `!(${text})`;
}

const OPPOSITE: Readonly<Record<string, string>> = {
  "==": "!=",
  "!=": "==",
  "<": ">=",
  ">": "<=",
  "<=": ">",
  ">=": "<",
};

/** What stands in the parentheses around it, or in those of a transparent macro; null when there are none around all of it. */
function unwrapped(source: string): string | null {
  const text = source.replace(TRANSPARENT, "");
  if (!text.startsWith("(") || !text.endsWith(")")) return null;
  let depth = 0;
  for (let i = 0; i < text.length - 1; i++) {
    if (text[i] === "(") depth++;
    else if (text[i] === ")" && --depth === 0) return null;
  }
  return text.slice(1, -1).trim();
}

/** A name, a member or a call: what `!` binds to. */
function isOperand(text: string): boolean {
  return /^[\w\s]*[\w>.-]*(\([^()]*(\([^()]*\)[^()]*)*\))?$/.test(text.trim()) || unwrapped(text.trim()) !== null;
}
