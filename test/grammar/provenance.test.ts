/** The committed parser and WASM module are what the scripts make of the committed sources. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Language, Parser } from "web-tree-sitter";
import { repositoryRoot } from "../support/requirements.ts";
import { grammarFolder } from "./parsers.ts";

const provenance = readFileSync(join(grammarFolder, "PROVENANCE.md"), "utf8");
const rows = [...provenance.matchAll(/^\| (\S+) \| ([0-9a-f]{64}) \|$/gm)].map(([, file = "", hash = ""]) => ({
  file,
  hash,
}));

/** The version a tool gives, if it is there and is the one that made the committed files. */
function isSameTool(command: string, row: string): boolean {
  const result = spawnSync(command, ["--version"], { encoding: "utf8" });
  const version = (result.stdout ?? "").split("\n")[0]?.trim() ?? "";
  return version !== "" && provenance.includes(`| ${row} | ${version} |`);
}

test("every file has the hash that PROVENANCE.md gives", () => {
  expect(rows.length).toBeGreaterThanOrEqual(16);
  for (const { file, hash } of rows) {
    const bytes = readFileSync(join(grammarFolder, file));
    expect(`${file} ${createHash("sha256").update(bytes).digest("hex")}`).toBe(`${file} ${hash}`);
  }
});

test("the sources that decide the parser are all listed", () => {
  const scanner = readFileSync(join(grammarFolder, "src", "scanner.c"), "utf8");
  const included = [...scanner.matchAll(/#include "([\w.]+)"/g)].map(([, name]) => `src/${name}`);
  const listed = rows.map(({ file }) => file);
  expect(listed).toEqual(expect.arrayContaining(["grammar.js", "src/scanner.c", "src/parser.c", ...included]));
});

test("the base grammar and the ABI are the ones named", async () => {
  const base = JSON.parse(readFileSync(join(repositoryRoot, "node_modules/tree-sitter-c/package.json"), "utf8"));
  expect(provenance).toContain(`| base grammar | tree-sitter-c ${base.version} |`);
  await Parser.init();
  const language = await Language.load(readFileSync(join(grammarFolder, "kernel-c.wasm")));
  expect(provenance).toContain(`| ABI | ${language.abiVersion} |`);
  expect(language.name).toBe("kernel_c");
});

test("the WASM module stays under 1.5 MB", () => {
  expect(readFileSync(join(grammarFolder, "kernel-c.wasm")).length).toBeLessThan(1_500_000);
});

const toolchain =
  isSameTool("tree-sitter", "generator") &&
  isSameTool("clang", "WASM compiler") &&
  isSameTool("wasm-ld", "WASM linker");

describe.skipIf(!toolchain)("with the tools that PROVENANCE.md names", () => {
  test("the scripts make the committed files, byte for byte", { timeout: 300_000 }, () => {
    const result = spawnSync(process.execPath, [join(repositoryRoot, "scripts/grammar-build.mjs"), "--check"], {
      encoding: "utf8",
    });
    expect(`${result.stdout}${result.stderr}`).toContain("The committed files are what the tools make.");
    expect(result.status).toBe(0);
  });
});
