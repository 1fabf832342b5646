/** `npm start` as a user runs it: the report, the address, the page, and its end by Ctrl-C. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { fixtureFolder } from "../support/fixture.ts";
import { repositoryRoot } from "../support/requirements.ts";

const SCRIPT = join(repositoryRoot, "scripts", "start.mjs");
let child: ChildProcess | undefined;
afterEach(() => void child?.kill("SIGKILL"));

test("--report-only prints the findings with their chains, what to do next, and ends with 0", () => {
  const { status, stdout } = spawnSync(process.execPath, [SCRIPT, "--report-only"], { encoding: "utf8" });
  expect(status).toBe(0);
  expect(stdout).toMatch(/fs\/puntfs\/inode\.c:99:2: error: .*\[work-after-unhash\]/);
  expect(stdout).toMatch(/dirtfs_clear_bit\(\)\s+fs\/dirtfs\/balloc\.c:\d+/);
  expect(stdout).toMatch(/evictscope explain [0-9a-f]{16}/);
});

test("without a local editor the review is served on localhost until Ctrl-C", async () => {
  child = spawn(process.execPath, [SCRIPT, fixtureFolder("sample-2026"), "--web"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const address = await new Promise<string>((resolve, reject) => {
    child?.stdout?.on("data", (data: Buffer) => {
      output += String(data);
      const found = /VS Code for the web:\s+(http:\/\/localhost:\d+\/)/.exec(output)?.[1];
      if (found !== undefined && output.includes("Ctrl-C ends it")) resolve(found);
    });
    child?.on("exit", (code) => reject(new Error(`ended with ${code}\n${output}`)));
  });
  expect(output).toContain("error: ");
  const page = await (await fetch(address)).text();
  expect(page).toContain("/editor/out/vs/workbench/workbench.web.main.js");
  const product = (await (await fetch(`${address}product.json`)).json()) as {
    defaultLayout: { editors: { uri: { path: string } }[] };
  };
  expect(product.defaultLayout.editors[0]?.uri.path).toMatch(/^\/sample-2026\/fs\/.*\.c$/);
  child.removeAllListeners("exit");
  const ended = new Promise<number | null>((resolve) => child?.on("exit", resolve));
  child.kill("SIGINT");
  expect(await ended).toBe(0);
  await expect(fetch(address)).rejects.toThrow();
}, 240_000);

test.each([
  [["/no/such/tree"], /\/no\/such\/tree is no folder/],
  [["--port", "99999"], /--port 99999 is no port/],
  [["--fast"], /--fast/],
  [["a", "b"], /one tree, not 2/],
])("%j gets one clear line and the usage", (args, message) => {
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], { encoding: "utf8" });
  expect(status).toBe(2);
  expect(stderr).toMatch(message);
  expect(stderr).toContain("Usage: npm start");
});

test("an empty folder gets one clear line", () => {
  const folder = mkdtempSync(join(tmpdir(), "evictscope-empty-"));
  writeFileSync(join(folder, "notes.txt"), "nothing here\n");
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT, folder, "--report-only"], { encoding: "utf8" });
  expect(status).toBe(2);
  expect(
    stderr
      .trim()
      .split("\n")
      .filter((line) => !line.startsWith("npm warn")),
  ).toHaveLength(1);
  rmSync(folder, { recursive: true });
});
