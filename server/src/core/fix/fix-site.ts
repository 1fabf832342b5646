/** The code around a finding, as its fixes see it: the operation, its syntax, statements, indentation, edits. */
import type { FilesystemFacts, Operation } from "../analysis/filesystem-facts.ts";
import type { SourceFile } from "../callgraph/program.ts";
import type { Body } from "../ir/function-bodies.ts";
import { offsetIn, spanOf, syntaxOf } from "../query/function-at.ts";
import type { FixEdit, FixSubject } from "../query/queries.ts";
import type { QueryScope } from "../query/query-scope.ts";
import type { Ast, AstNode } from "../syntax/ast.ts";

export interface FixSite {
  readonly scope: QueryScope;
  readonly facts: FilesystemFacts;
  readonly subject: FixSubject;
  readonly operation: Operation;
  readonly body: Body;
  readonly ast: Ast;
  /** The finding's place in the operation's text. */
  readonly at: number;
  /** The operation's first parameter: the inode. */
  readonly inode: string;
}

/** Null when the finding is not in an operation of the filesystem as it stands now. */
export function fixSite(scope: QueryScope, subject: FixSubject): FixSite | null {
  const filesystem = scope.filesystem(subject.filesystem, subject.table);
  if (filesystem === undefined) return null;
  const facts = scope.facts(filesystem);
  const operation = facts.operations.find((each) => each.name === subject.operation);
  if (operation === undefined || operation.body.name !== subject.function) return null;
  const { body } = operation;
  const at = body.file.path === subject.file ? offsetIn(body, subject) : null;
  const ast = syntaxOf(scope.parser, body);
  const inode = body.ir.parameters[0]?.name ?? "";
  return at === null || ast === null || inode === ""
    ? null
    : { scope, facts, subject, operation, body, ast, at, inode };
}

const STATEMENT = /_statement$|^declaration$/;

/** The nodes from the root down to the innermost one at an offset. */
export function pathTo(ast: Ast, at: number): AstNode[] {
  const path: AstNode[] = [];
  let node: AstNode | undefined = ast.root;
  while (node !== undefined) {
    path.push(node);
    node = node.children.find((child) => child.start <= at && at < child.end);
  }
  return path;
}

export interface StatementPlace {
  readonly node: AstNode;
  readonly parent: AstNode;
  /** It stands in a compound statement; else it is the lone branch of an `if` or a loop. */
  readonly inBlock: boolean;
}

/** The innermost whole statement at an offset. */
export function statementOf(ast: Ast, at: number): StatementPlace | null {
  const path = pathTo(ast, at);
  for (let i = path.length - 1; i > 0; i--) {
    const node = path[i]!;
    const parent = path[i - 1]!;
    if (!STATEMENT.test(node.type) || node.type === "compound_statement") continue;
    const inBlock =
      parent.type === "compound_statement" || parent.type === "labeled_statement" || parent.type === "case_statement";
    return { node, parent, inBlock };
  }
  return null;
}

/** Offset of the first character of the line. */
export function lineStart(text: string, at: number): number {
  return text.lastIndexOf("\n", at - 1) + 1;
}

/** Offset behind the line's end, its newline included. */
export function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end + 1;
}

export function indentOf(text: string, at: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, at)))![0];
}

export function bodyEdit(body: Body, start: number, end: number, text: string, why: string): FixEdit {
  return { file: body.file.path, span: spanOf(body, start, end), text, why };
}

/** Lines put in front of a statement; a lone branch gets braces, as the kernel's style wants them. */
export function insertBefore(site: FixSite, place: StatementPlace, lines: readonly string[], why: string): FixEdit[] {
  const { body } = site;
  const { text } = body;
  const { node } = place;
  const indent = indentOf(text, node.start);
  if (place.inBlock) {
    const start = lineStart(text, node.start);
    const shares = text.slice(start, node.start).trim() !== "";
    const at = shares ? node.start : start;
    const inserted = shares
      ? lines.map((line) => `${line}\n${indent}`).join("")
      : lines.map((line) => `${indent}${line}\n`).join("");
    return [bodyEdit(body, at, at, inserted, why)];
  }
  return wrapBranch(site, node, [...lines, text.slice(node.start, node.end)], why);
}

/** Replaces the lone branch of an `if` (or a loop) by a block. */
export function wrapBranch(site: FixSite, node: AstNode, lines: readonly string[], why: string): FixEdit[] {
  const { text } = site.body;
  const indent = indentOf(text, node.start);
  const outer = indent.endsWith("\t") ? indent.slice(0, -1) : indent;
  // Behind the condition, on its line.
  let open = node.start;
  while (open > 0 && /\s/.test(text[open - 1]!)) open--;
  const block = lines
    .flatMap((line) => line.split("\n"))
    .map((line) => (line.startsWith(indent) ? line : `${indent}${line}`));
  return [bodyEdit(site.body, open, node.end, ` {\n${block.join("\n")}\n${outer}}`, why)];
}

/** The files of the finding's filesystem. */
export function ownFiles(site: FixSite): SourceFile[] {
  const { filesystem } = site.facts;
  return [...site.scope.program.files.values()].filter((file) => filesystem.owns(file));
}

const BYTES = new TextDecoder("latin1");

/** A file's text with one character for each byte, so that the skeleton's offsets are the text's. */
export function fileText(site: FixSite, file: SourceFile): string {
  const bytes = site.scope.engine.bodies.bytesOf(file);
  return bytes === null ? "" : BYTES.decode(bytes);
}

/** An edit at an offset of a whole file's text. */
export function fileEdit(
  file: SourceFile,
  text: string,
  start: number,
  end: number,
  replacement: string,
  why: string,
): FixEdit {
  const from = positionOf(text, start);
  const to = positionOf(text, end);
  return {
    file: file.path,
    span: { line: from.line, column: from.column, endLine: to.line, endColumn: to.column },
    text: replacement,
    why,
  };
}

function positionOf(text: string, at: number): { readonly line: number; readonly column: number } {
  let line = 1;
  for (let i = text.indexOf("\n"); i >= 0 && i < at; i = text.indexOf("\n", i + 1)) line++;
  return { line, column: at - lineStart(text, at) + 1 };
}

/** Where a function (or a table) begins, with the comment above it, which belongs to it. */
export function commentStart(text: string, at: number): number {
  const line = lineStart(text, at);
  return /\/\*(?:(?!\*\/)[\s\S])*\*\/\n$/.exec(text.slice(0, line))?.index ?? line;
}

/** `#include` lines that a file lacks, behind its last one. */
export function addIncludes(file: SourceFile, text: string, headers: readonly string[]): FixEdit[] {
  const missing = headers.filter((header) => !text.includes(`<${header}>`));
  if (missing.length === 0) return [];
  const last =
    [...text.matchAll(/^[ \t]*#[ \t]*include[ \t]+<[^\n]*\n/gm)].pop() ??
    [...text.matchAll(/^[ \t]*#[ \t]*include[^\n]*\n/gm)].pop();
  const at = last === undefined ? 0 : last.index + last[0].length;
  return [
    fileEdit(file, text, at, at, missing.map((header) => `#include <${header}>\n`).join(""), "what the new code uses"),
  ];
}

/** The word that the filesystem's own functions begin with: `foofs` of foofs_evict_inode(). */
export function prefixOf(site: FixSite): string {
  const { name } = site.body;
  const operation = site.operation.name;
  const at = name.indexOf(`_${operation}`);
  return at > 0 ? name.slice(0, at) : (name.split("_")[0] ?? name);
}

/** A name that nothing in the tree has yet, or null. */
export function freeName(site: FixSite, name: string): string | null {
  return site.scope.program.functionsNamed(name).length === 0 ? name : null;
}
