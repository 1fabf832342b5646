/** The fields of tables of methods: what the tree binds to one, and where one is used. */

import { filesystemId } from "../callgraph/filesystem.ts";
import type { BindingRef, FunctionRef, SourceFile } from "../callgraph/program.ts";
import type { Expr } from "../ir/ir.ts";
import { expressionsOf, partsOf } from "../rules/walk-steps.ts";
import { type CancellationToken, throwIfCancelled } from "../text/cancellation.ts";
import { functionAt, spanOf } from "./function-at.ts";
import type { FieldBindingSite, FieldUse, Place, Span } from "./queries.ts";
import type { QueryScope } from "./query-scope.ts";

interface Field {
  readonly name: string;
  /** The struct's tag; null when the pointer's type was not found. */
  readonly struct: string | null;
}

const MAX_SITES = 1000;
const DECODER = new TextDecoder("utf-8");

/** Every function bound to the field at the place; empty when there is no field of a table of methods there. */
export function fieldImplementations(scope: QueryScope, place: Place): FieldBindingSite[] {
  const field = fieldAt(scope, place);
  return field === null || !isMethod(scope, field)
    ? []
    : bindingsOf(scope, field)
        .slice(0, MAX_SITES)
        .map((each) => siteOf(scope, each));
}

/** Every place that sets or calls the field at the place: tables, assignments, calls through a pointer. */
export function fieldReferences(scope: QueryScope, place: Place, token: CancellationToken): FieldUse[] {
  const field = fieldAt(scope, place);
  if (field === null || !isMethod(scope, field)) return [];
  const uses: FieldUse[] = bindingsOf(scope, field).map((each) => ({
    file: each.file.path,
    span: fieldSpan(scope, each),
  }));
  for (const file of scope.program.files.values()) {
    throwIfCancelled(token);
    if (uses.length >= MAX_SITES) break;
    uses.push(...callsIn(scope, file, field));
  }
  return uses
    .slice(0, MAX_SITES)
    .toSorted((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.span.line - b.span.line));
}

/** Whether the field holds functions: members of other kinds are assigned, too, and are no business of ours. */
function isMethod(scope: QueryScope, field: Field): boolean {
  const member = field.struct === null ? undefined : scope.engine.types.membersOf(field.struct)?.get(field.name);
  if (member !== undefined) return member.isFunctionPointer;
  return bindingsOf(scope, field).some((each) => scope.engine.lookup.functionValue(each.target, each.file) !== null);
}

/** Bindings of one struct; those whose struct is not known count when the field's is not known either. */
function bindingsOf(scope: QueryScope, { name, struct }: Field): BindingRef[] {
  return scope.program
    .bindingsOf(name)
    .filter((each) => struct === null || each.struct === null || each.struct === struct)
    .toSorted((a, b) => (a.file.path < b.file.path ? -1 : a.file.path > b.file.path ? 1 : a.span.line - b.span.line));
}

/** The field that the cursor is on: `.f = x` in a table, `p->f` in a function, `(*f)(...)` in a struct. */
function fieldAt(scope: QueryScope, place: Place): Field | null {
  const file = scope.program.files.get(place.file);
  const bytes = file === undefined ? null : scope.engine.bodies.bytesOf(file);
  if (file === undefined || bytes === null) return null;
  const { line, offset } = lineOf(bytes, place.line);
  const word = wordAt(line, place.column - 1);
  if (word === null || scope.program.bindingsOf(word.text).length === 0) return null;
  const table = file.skeleton.tables.find((each) => each.start <= offset + word.start && offset <= each.end);
  if (table !== undefined && /\.\s*$/.test(line.slice(0, word.start)))
    return { name: word.text, struct: scope.program.names.text(table.struct) };
  const struct = file.skeleton.structs.find((each) => each.start <= offset + word.start && offset < each.end);
  if (struct !== undefined && /\(\s*\*\s*$/.test(line.slice(0, word.start)))
    return { name: word.text, struct: scope.program.names.text(struct.name) };
  if (!/(->|\.)\s*$/.test(line.slice(0, word.start))) return null;
  const here = functionAt(scope, place);
  if (here === null) return null;
  for (const step of here.body.ir.steps)
    for (const expr of expressionsOf(step)) {
      const found = fieldIn(expr, word.text, here.at);
      if (found !== null)
        return { name: word.text, struct: scope.engine.types.structOf(found.base, here.body)?.tag ?? null };
    }
  return { name: word.text, struct: null };
}

/** The innermost member access of this name around an offset. */
function fieldIn(expr: Expr, name: string, at: number): (Expr & { k: "field" }) | null {
  for (const part of partsOf(expr)) {
    const found = fieldIn(part, name, at);
    if (found !== null) return found;
  }
  // `at` of a member access is where the expression begins or where its name does: the name is near in either case.
  return expr.k === "field" && expr.name === name && Math.abs(expr.at - at) < 200 ? expr : null;
}

function siteOf(scope: QueryScope, binding: BindingRef): FieldBindingSite {
  const fn = scope.engine.lookup.functionValue(binding.target, binding.file);
  return {
    struct: binding.struct ?? "",
    field: binding.field,
    filesystem: filesystemId(binding.file),
    table: binding.table ?? "",
    function: binding.target,
    binding: { file: binding.file.path, span: fieldSpan(scope, binding) },
    definition: fn === null ? null : { file: fn.file.path, span: nameSpan(scope, fn) },
  };
}

/** Where a binding names the field. */
function fieldSpan(scope: QueryScope, binding: BindingRef): Span {
  const { line } = binding.span;
  const bytes = scope.engine.bodies.bytesOf(binding.file);
  const text = bytes === null ? "" : lineOf(bytes, line).line;
  const at = text.search(new RegExp(`\\b${binding.field}\\b`));
  return at < 0
    ? { line, column: 1, endLine: line, endColumn: text.length + 1 }
    : { line, column: at + 1, endLine: line, endColumn: at + 1 + binding.field.length };
}

function nameSpan(scope: QueryScope, fn: FunctionRef): Span {
  const { line } = fn.span;
  const bytes = scope.engine.bodies.bytesOf(fn.file);
  const text = bytes === null ? "" : lineOf(bytes, line).line;
  const at = Math.max(0, text.search(new RegExp(`\\b${fn.name}\\b`)));
  return { line, column: at + 1, endLine: line, endColumn: at + 1 + fn.name.length };
}

/** Calls and reads through a pointer, in the functions of a file. */
function callsIn(scope: QueryScope, file: SourceFile, field: Field): FieldUse[] {
  const bytes = scope.program.read(file.path);
  if (bytes === null || !containsWord(bytes, field.name)) return [];
  const uses: FieldUse[] = [];
  const pattern = new RegExp(`(?:->|\\.)\\s*${field.name}\\b(?!\\s*=[^=])`, "g");
  for (const fn of file.functions) {
    const { start, end } = fn.span;
    const text = DECODER.decode(bytes.subarray(start, end));
    pattern.lastIndex = 0;
    if (!pattern.test(text)) continue;
    const body = scope.engine.bodies.of(fn);
    if (body === null) continue;
    pattern.lastIndex = 0;
    for (const match of body.text.matchAll(pattern)) {
      const at = match.index + match[0].length - field.name.length;
      if (isIn(scope, body, field, at)) uses.push({ file: file.path, span: spanOf(body, at, at + field.name.length) });
    }
  }
  return uses;
}

/** A use whose struct is known to be another one is another field. */
function isIn(scope: QueryScope, body: Parameters<typeof spanOf>[0], field: Field, at: number): boolean {
  for (const step of body.ir.steps)
    for (const expr of expressionsOf(step)) {
      const found = fieldIn(expr, field.name, at);
      if (found === null) continue;
      const tag = scope.engine.types.structOf(found.base, body)?.tag ?? null;
      return tag === null || field.struct === null || tag === field.struct;
    }
  // Not in the lowered code: a comment, a string, an arm that was masked.
  return false;
}

function containsWord(bytes: Uint8Array, word: string): boolean {
  const first = word.charCodeAt(0);
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    let k = 1;
    while (k < word.length && bytes[at + k] === word.charCodeAt(k)) k++;
    if (k === word.length) return true;
  }
  return false;
}

/** A 1-based line's text, and the byte offset at which it begins. */
function lineOf(bytes: Uint8Array, line: number): { readonly line: string; readonly offset: number } {
  let offset = 0;
  for (let i = 1; i < line; i++) {
    const next = bytes.indexOf(10, offset);
    if (next < 0) return { line: "", offset: bytes.length };
    offset = next + 1;
  }
  const end = bytes.indexOf(10, offset);
  return { line: DECODER.decode(bytes.subarray(offset, end < 0 ? bytes.length : end)), offset };
}

function wordAt(line: string, column: number): { readonly text: string; readonly start: number } | null {
  const before = /\w*$/.exec(line.slice(0, Math.max(0, column)))?.[0] ?? "";
  const after = /^\w*/.exec(line.slice(Math.max(0, column)))?.[0] ?? "";
  const text = before + after;
  return /^[A-Za-z_]/.test(text) ? { text, start: column - before.length } : null;
}
