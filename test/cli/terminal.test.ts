/** The command line in its surroundings: terminals, signals, closed pipes, the language server on stdio. */
import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { EFFECT_KINDS } from "../../server/src/core/knowledge/knowledge.ts";
import { TOOL_NAME } from "../../server/src/core/report/tool-version.ts";
import { fixtureFolder } from "../support/fixture.ts";
import { recordLeftOut } from "../support/requirements.ts";
import { buildOnce, COMMAND, startEvictscope, temporaryFolder } from "./run-evictscope.ts";
import { readSchema, schemaProblems } from "./schemas.ts";

const SAMPLE = fixtureFolder("sample");
buildOnce();
const folder = temporaryFolder();

/** Twelve threads that count: far more states than any limit, so that a run never ends by itself. */
const ENDLESS = {
  format: 1,
  id: "endless",
  title: "Threads that count",
  summary: "Many independent counters.",
  variables: Array.from({ length: 12 }, (_, i) => ({ name: `n${i}`, max: 40 })),
  threads: Array.from({ length: 12 }, (_, i) => ({
    name: `counter ${i}`,
    steps: Array.from({ length: 20 }, (__, step) => `n${i} = n${(i + 1) % 12} + ${step % 2}`),
  })),
  invariants: [{ id: "low", description: "the first counter stays low", always: "n0 <= 40" }],
};

const hasScript = process.platform === "linux" && spawnSync("script", ["--version"]).status === 0;
if (!hasScript) recordLeftOut("the command line on a terminal", "script (apt-get install bsdutils)");

describe.skipIf(!hasScript)("on a terminal", () => {
  test("progress is drawn, and Ctrl-C ends it with 130 and one line", async () => {
    const model = join(folder(), "endless.json");
    writeFileSync(model, JSON.stringify(ENDLESS));
    const command = `${process.execPath} ${COMMAND} simulate ${model} --max-states 200000000`;
    const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
    let output = "";
    let interrupted = false;
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      output += part;
      if (interrupted || !output.includes("Simulating endless")) return;
      interrupted = true;
      child.stdin.write("\u0003");
    });
    onTestFinished(() => void child.kill());
    const status = await new Promise((done) => child.on("close", done));
    expect(output).toMatch(/Simulating endless: search, [\d,]+ states/);
    expect(output).toContain("evictscope: interrupted");
    expect(status).toBe(130);
  });
});

test("a pipe whose reader has gone ends it quietly", () => {
  const pipeline = `${process.execPath} ${COMMAND} check ${SAMPLE} --format json | head -c 10`;
  const { stdout, stderr } = spawnSync("sh", ["-c", pipeline], { encoding: "utf8" });
  expect(stdout).toHaveLength(10);
  expect(stderr).toBe("");
});

test("lsp --stdio answers initialize and ends with its client", async () => {
  const server = startEvictscope(["lsp", "--stdio"]);
  const send = (message: object): void => {
    const text = JSON.stringify({ jsonrpc: "2.0", ...message });
    server.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  };
  let output = "";
  const answered = new Promise<void>((done) => {
    server.stdout.setEncoding("utf8").on("data", (part: string) => {
      output += part;
      // The answer may come in parts; the program's name stands behind its capabilities.
      if (output.includes('"id":1') && output.includes(TOOL_NAME)) done();
    });
  });
  send({ id: 1, method: "initialize", params: { processId: process.pid, rootUri: null, capabilities: {} } });
  await answered;
  expect(output).toContain('"capabilities"');
  expect(output).toContain(TOOL_NAME);
  send({ method: "initialized", params: {} });
  send({ id: 2, method: "shutdown" });
  send({ method: "exit" });
  expect(await new Promise((done) => server.on("close", done))).toBe(0);
});

test("evictscope.json's schema takes what the engine takes, and knows every effect", () => {
  const schema = readSchema("evictscope");
  const kinds = schema.definitions.function.properties.effects.items.oneOf.map((each: { const: string }) => each.const);
  expect(kinds).toEqual([...EFFECT_KINDS]);
  expect(
    schemaProblems("evictscope", {
      functions: [
        { names: ["foo_dirty"], effects: ["dirty", "transaction"], what: "marks the record dirty" },
        { names: ["foo_alloc"], gfp: 1, follow: true },
        { names: ["foo_nothing"], inert: true },
      ],
    }),
  ).toEqual([]);
  expect(schemaProblems("evictscope", { functions: [{ names: ["a b"], effect: [] }] }).length).toBeGreaterThan(0);
});
