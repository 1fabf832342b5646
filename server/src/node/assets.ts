/**
 * Where the WASM files and the native grammar lie: beside the bundle once built (dist/server), in the repository
 * when the sources run as they are (tests). One place, because a wrong path only fails once installed.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** The first of `candidates` (relative to this file or bundle) that exists, or null. */
function firstExisting(candidates: readonly string[]): string | null {
  for (const candidate of candidates) {
    const path = join(here, candidate);
    if (existsSync(path)) return path;
  }
  return null;
}

/** The root of a check-out of the repository that this code runs in, or null for an installed extension. */
export function repositoryRoot(): string | null {
  const manifest = firstExisting(["../../server/package.json", "../../../server/package.json"]);
  return manifest === null ? null : dirname(dirname(manifest));
}

/** web-tree-sitter's own WASM module. Throws with one clear line when it is missing. */
export function parserRuntimePath(): string {
  const path = firstExisting([
    "web-tree-sitter.wasm",
    "../../../node_modules/web-tree-sitter/web-tree-sitter.wasm",
    "../../node_modules/web-tree-sitter/web-tree-sitter.wasm",
  ]);
  if (path === null) throw new Error("web-tree-sitter.wasm is missing: run `npm ci` and `npm run build`");
  return path;
}

/** The grammar as WASM. Throws with one clear line when it is missing. */
export function grammarPath(): string {
  const path = firstExisting([
    "kernel-c.wasm",
    "../../../grammars/kernel-c/kernel-c.wasm",
    "../../grammars/kernel-c/kernel-c.wasm",
    "../../../node_modules/tree-sitter-c/tree-sitter-c.wasm",
    "../../node_modules/tree-sitter-c/tree-sitter-c.wasm",
  ]);
  if (path === null) throw new Error("kernel-c.wasm is missing: run `npm ci` and `npm run build`");
  return path;
}
