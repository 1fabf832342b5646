/**
 * What must not be in the repository: names of machines and registries, kernel code, conflict marks, huge files.
 */
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { repositoryRoot } from "./support/requirements.ts";
import { readRepositoryFile, repositoryFiles } from "./support/source-files.ts";

const files = repositoryFiles();
const isBinary = (path: string) => /\.(wasm|png|vsix|ico|woff2?)$/.test(path);
const texts = files.filter((path) => !isBinary(path));

function linesMatching(pattern: RegExp, paths: readonly string[]): string[] {
  return paths.flatMap((path) =>
    readRepositoryFile(path)
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 120)}`] : [])),
  );
}

test("package-lock.json names no registry host", () => {
  expect(linesMatching(/"resolved":\s*"https?:/, ["package-lock.json"])).toEqual([]);
});

test("no file names a machine's folders or a registry", () => {
  const registry = ["registry", "npmjs", "org"].join("\\.");
  const pattern = new RegExp(`(^|[^\\w.])/(work|opt|home/(?!me\\b)\\w+|root)/|//${registry}`);
  const own = texts.filter((path) => path !== "test/hygiene.test.ts" && !path.startsWith("grammars/kernel-c/src/"));
  // In an example of a path the home folder is ~ or /home/me.
  expect(linesMatching(pattern, own)).toEqual([]);
});

test("no conflict marks, no CR line ends", () => {
  expect(linesMatching(/^(<{7} |>{7} |={7}$)/, texts)).toEqual([]);
  const carriageReturns = texts.filter((path) => !/crlf/.test(path) && readRepositoryFile(path).includes("\r\n"));
  expect(carriageReturns).toEqual([]);
});

test("C code of the repository is ours: no GPL notice anywhere", () => {
  const notice = new RegExp(["SPDX-License-Identifier:\\s*GPL", "GNU General ", "Public License"].join("|"));
  const c = files.filter((path) => /\.[ch]$/.test(path) && !path.startsWith("grammars/"));
  expect(linesMatching(notice, c)).toEqual([]);
  expect(
    linesMatching(
      /SPDX-License-Identifier: MIT/,
      c.filter((path) => path.startsWith("test/fixtures/sample/")),
    ),
  ).not.toEqual([]);
});

test("files are small enough to review, except generated ones", () => {
  const generated = /^(package-lock\.json|grammars\/kernel-c\/|test\/labels\/|docs\/pictures\/)/;
  const large = files.filter((path) => !generated.test(path) && statSync(join(repositoryRoot, path)).size > 200_000);
  expect(large).toEqual([]);
});

test("local links of the documents lead somewhere", () => {
  const broken = files
    .filter((path) => path.endsWith(".md"))
    .flatMap((path) =>
      [...readRepositoryFile(path).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(
        (match) => [path, match[1] ?? ""] as const,
      ),
    )
    .filter(([path, target]) => !existsSync(join(repositoryRoot, dirname(path), target)))
    .map(([path, target]) => `${path}: ${target}`);
  expect(broken).toEqual([]);
});
