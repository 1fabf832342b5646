/** Where a report goes: standard output, or a file that is whole or not there at all. */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Refusal } from "./exit-status.ts";

/** Ends the program quietly when the reader of a pipe has gone (`evictscope check . | head`). */
export function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(process.exitCode ?? 0);
      throw error;
    });
  }
}

/** Writes all of `text`; resolves when the stream has taken it, so that a pipe is not cut off by the exit. */
export function print(text: string): Promise<void> {
  return new Promise((done) => {
    process.stdout.write(text, () => done());
  });
}

/**
 * Writes the report to `file`, or to standard output when undefined. A file is written beside its place and renamed.
 * Throws Refusal when the file cannot be written.
 */
export async function deliver(text: string, file: string | undefined): Promise<void> {
  if (file === undefined) await print(text);
  else writeAtomically(resolve(file), text);
}

/** Throws Refusal when `file` surely cannot be written, before a long run rather than after it. */
export function requireWritable(file: string | undefined): void {
  if (file === undefined) return;
  const path = resolve(file);
  const folder = statSync(dirname(path), { throwIfNoEntry: false });
  if (folder === undefined || !folder.isDirectory()) throw new Refusal(`-o ${file}: ${dirname(path)} is no folder`);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new Refusal(`-o ${file}: is a folder`);
}

function writeAtomically(path: string, text: string): void {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const descriptor = openSync(temporary, "wx");
    try {
      const bytes = Buffer.from(text, "utf8");
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new Refusal(`-o ${path}: ${(error as Error).message}`);
  }
}
