/** Between a tree's relative paths (reviews) and the editor's URIs and 0-based positions. */
import type { Location, Range } from "vscode-languageserver";
import { URI, Utils } from "vscode-uri";
import { placeInTree, readTreeAddress } from "../protocol/tree-address.ts";

/** The URI of `path` in the tree at `root`. */
export function uriOf(root: string, path: string): string {
  const place = placeInTree(root, path);
  return Utils.joinPath(URI.parse(place.folder), place.path).toString();
}

/** The path of `uri` relative to the tree at `root`, or null when it lies outside. */
export function pathIn(root: string, uri: string): string | null {
  const { folder, kernel, mount } = readTreeAddress(root);
  const path = pathBelow(folder, uri);
  if (kernel === null) return path;
  if (path !== null) return `${mount}/${path}`;
  const inKernel = pathBelow(kernel, uri);
  // The module stands in the place of what the kernel's tree has there.
  return inKernel?.startsWith(`${mount}/`) ? null : inKernel;
}

function pathBelow(root: string, uri: string): string | null {
  const base = URI.parse(root);
  const target = URI.parse(uri);
  if (base.scheme !== target.scheme || base.authority !== target.authority) return null;
  const folder = base.path.endsWith("/") ? base.path : `${base.path}/`;
  return target.path.startsWith(folder) ? target.path.slice(folder.length) : null;
}

/** The same URI written in the one way that is used as a key. */
export function canonicalUri(uri: string): string {
  return URI.parse(uri).toString();
}

/** A whole line (1-based). The end lies behind every line: editors draw it at the line's end. */
export function lineLocation(root: string, file: string, line: number): Location {
  return { uri: uriOf(root, file), range: lineRange(line) };
}

export function lineRange(line: number): Range {
  const row = Math.max(0, line - 1);
  return { start: { line: row, character: 0 }, end: { line: row, character: 1000 } };
}

/** From 1-based lines and columns (UTF-16 units, end exclusive). */
export function spanRange(span: {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}): Range {
  return {
    start: { line: Math.max(0, span.line - 1), character: Math.max(0, span.column - 1) },
    end: { line: Math.max(0, span.endLine - 1), character: Math.max(0, span.endColumn - 1) },
  };
}

export function contains(range: Range, position: { readonly line: number; readonly character: number }): boolean {
  const { start, end } = range;
  if (position.line < start.line || position.line > end.line) return false;
  if (position.line === start.line && position.character < start.character) return false;
  return !(position.line === end.line && position.character > end.character);
}
