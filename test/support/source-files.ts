/**
 * The repository's own sources, for tests that read them: what is committed or about to be, nothing that is ignored.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { repositoryRoot } from "./requirements.ts";

/** Paths relative to the repository's root of all files that git tracks or would add. */
export function repositoryFiles(): string[] {
  const list = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: repositoryRoot,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return [...new Set(list.split("\0"))].filter((path) => path !== "" && existsSync(join(repositoryRoot, path))).sort();
}

export function readRepositoryFile(path: string): string {
  return readFileSync(join(repositoryRoot, path), "utf8");
}

export interface ImportedModule {
  /** As written. */
  readonly specifier: string;
  /** Path relative to the repository's root for a relative import, else null. */
  readonly path: string | null;
  /** `import type`, which leaves nothing behind at run time. */
  readonly typeOnly: boolean;
}

const STATIC_IMPORT = /(?:^|\n)\s*(?:import|export)\s+(type\s)?(?:[^"';]*?\sfrom\s+)?["']([^"'\n]+)["']/g;
const DYNAMIC_IMPORT = /\b(?:import|require)\(\s*["']([^"'\n]+)["']\s*[,)]/g;

/** What a TypeScript or JavaScript file imports, statically or not. */
export function importsOf(path: string, text: string): ImportedModule[] {
  const imports: ImportedModule[] = [];
  const add = (specifier: string, typeOnly: boolean) => {
    const relative = specifier.startsWith(".");
    imports.push({ specifier, typeOnly, path: relative ? posix.join(posix.dirname(path), specifier) : null });
  };
  const code = withoutComments(text);
  for (const match of code.matchAll(STATIC_IMPORT)) add(match[2] ?? "", match[1] !== undefined);
  for (const match of code.matchAll(DYNAMIC_IMPORT)) add(match[1] ?? "", false);
  return imports;
}

/** The text with comments blanked; strings are respected, regular expressions with quotes in them may not be. */
export function withoutComments(text: string): string {
  return text.replace(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (match, literal: string | undefined) => literal ?? match.replace(/[^\n]/g, " "),
  );
}
