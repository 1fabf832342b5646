/** Where a report goes: standard output, or a file that is whole or not there at all. */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
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
 * Writes the report to `file`, or to standard output when undefined. A file is written beside its place and renamed; a
 * link stays and the file it names is replaced; a device or a pipe (`-o /dev/null`) is written to, never replaced.
 * Throws Refusal when the file cannot be written.
 */
export async function deliver(text: string, file: string | undefined): Promise<void> {
  if (file === undefined) return print(text);
  const path = resolve(file);
  try {
    const existing = statSync(path, { throwIfNoEntry: false });
    if (existing === undefined) writeAtomically(path, text);
    else if (existing.isFile()) writeAtomically(realpathSync(path), text);
    else writeInto(path, "w", text);
  } catch (error) {
    throw new Refusal(`-o ${file}: ${(error as Error).message}`);
  }
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
    writeInto(temporary, "wx", text);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function writeInto(path: string, flags: "w" | "wx", text: string): void {
  const descriptor = openSync(path, flags);
  try {
    const bytes = Buffer.from(text, "utf8");
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    if (flags === "wx") fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
