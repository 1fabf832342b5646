/**
 * Semantic highlighting of eviction operations: the protocol's own names and what the knowledge base says has an effect.
 * Off unless the setting says otherwise. Lexical, so that it is as fast as typing; comments and strings are left out.
 */
import { type SemanticTokens, SemanticTokensBuilder, type SemanticTokensLegend } from "vscode-languageserver";
import { BUILT_IN, type EffectKind } from "../core/knowledge/knowledge.ts";
import { VOCABULARY } from "../core/knowledge/vocabulary.ts";
import type { Implementation } from "../core/report/finding.ts";

const TYPES = ["function", "enumMember", "property"] as const;
/** `eviction`: of the protocol; `effect`: dirties, waits, allocates or defers. Themes can colour them apart. */
const MODIFIERS = ["eviction", "effect"] as const;

export const TOKEN_LEGEND: SemanticTokensLegend = { tokenTypes: [...TYPES], tokenModifiers: [...MODIFIERS] };

const EVICTION = 1 << MODIFIERS.indexOf("eviction");
const EFFECT = 1 << MODIFIERS.indexOf("effect");
const FUNCTION = TYPES.indexOf("function");
const CONSTANT = TYPES.indexOf("enumMember");
const PROPERTY = TYPES.indexOf("property");

/** What happens to inodes and memory. Locks and waits are everywhere: marking them would mark nothing. */
const KINDS: ReadonlySet<EffectKind> = new Set([
  "dirty",
  "nofail",
  "transaction",
  "lookup",
  "drop",
  "defer",
  "unhash",
  "wake",
  "clear",
  "truncate",
]);
const EFFECTS: ReadonlySet<string> = new Set(
  (BUILT_IN.functions ?? [])
    .filter((entry) => entry.effects?.some((kind) => KINDS.has(kind)))
    .flatMap((entry) => entry.names),
);

/** Documents longer than this get no tokens: no source of a kernel is as long, generated tables are. */
const MAX_TEXT = 2_000_000;

/** Comments, strings, characters; or an identifier with what stands before and behind it. */
const LEXEME =
  /\/\*[\s\S]*?(?:\*\/|$)|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|(->|\.)?\s*\b([A-Za-z_]\w*)\b(\s*\()?/g;

export function provideSemanticTokens(text: string, implementations: readonly Implementation[]): SemanticTokens {
  const builder = new SemanticTokensBuilder();
  if (text.length > MAX_TEXT) return builder.build();
  const own = new Set(implementations.map((entry) => entry.function));
  let line = 0;
  let lineStart = 0;
  let counted = 0;
  for (const match of text.matchAll(LEXEME)) {
    const name = match[2];
    if (name === undefined) continue;
    const token = tokenOf(name, match[1] !== undefined, match[3] !== undefined, own);
    if (token === null) continue;
    const at = match.index + match[0].indexOf(name, match[1]?.length ?? 0);
    for (let next = text.indexOf("\n", counted); next >= 0 && next < at; next = text.indexOf("\n", counted)) {
      line++;
      lineStart = next + 1;
      counted = next + 1;
    }
    builder.push(line, at - lineStart, name.length, token.type, token.modifiers);
  }
  return builder.build();
}

function tokenOf(
  name: string,
  isMember: boolean,
  isCalled: boolean,
  own: ReadonlySet<string>,
): { readonly type: number; readonly modifiers: number } | null {
  const known = VOCABULARY.has(name) || own.has(name);
  const effect = EFFECTS.has(name);
  if (isMember) return known ? { type: PROPERTY, modifiers: EVICTION } : null;
  if (isCalled) {
    const modifiers = (known ? EVICTION : 0) | (effect ? EFFECT : 0);
    return modifiers === 0 ? null : { type: FUNCTION, modifiers };
  }
  if (own.has(name)) return { type: FUNCTION, modifiers: EVICTION };
  return known && /^_*[A-Z][A-Z0-9_]+$/.test(name) ? { type: CONSTANT, modifiers: EVICTION } : null;
}
