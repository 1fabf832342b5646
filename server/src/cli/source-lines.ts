/** Single lines of a tree's files, for showing beside a chain. */
import type { FileSource } from "../index/file-source.ts";

/** The line's text without its indent, cut to a readable length; "" when it is not there. Lines count from 1. */
export type SourceLines = (file: string, line: number) => string;

const MAX_LENGTH = 160;

export function createSourceLines(files: FileSource): SourceLines {
  const known = new Map<string, readonly string[]>();
  return (file, line) => {
    let lines = known.get(file);
    if (lines === undefined) {
      const bytes = files.readSync?.(file) ?? null;
      lines = bytes === null ? [] : new TextDecoder("utf-8").decode(bytes).split(/\r?\n/);
      known.set(file, lines);
    }
    const text = (lines[line - 1] ?? "").trim();
    return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}...` : text;
  };
}
