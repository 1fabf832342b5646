/** The package: exactly what the allow-list names, small, with a manifest that installs. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repositoryRoot } from "../support/requirements.ts";

test("npm run package makes one file of at most 5 MB with nothing in it but the product", () => {
  const folder = mkdtempSync(join(tmpdir(), "evictscope-package-"));
  const file = join(folder, "evictscope.vsix");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(repositoryRoot, "scripts", "package.mjs"), file],
    { encoding: "utf8" },
  );
  // The script compares the contents with its lists, both ways, and the size with the limit.
  expect(`${stdout}${stderr}`).not.toMatch(/package: .* (is missing|is not allowed|bytes are more than)/);
  expect(status).toBe(0);
  expect(statSync(file).size).toBeLessThan(5_000_000);
  rmSync(folder, { recursive: true });
}, 120_000);
