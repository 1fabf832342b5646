/**
 * The sample trees themselves: valid C, markers that can be read, a case for every rule, and two idioms of one tree.
 * That the engine gives exactly the marked findings is tested beside the engine's command line.
 */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { RULE_IDS } from "../server/src/core/report/finding.ts";
import { type FixtureName, fixtureFolder, readFixtureTree } from "./support/fixture.ts";
import { parseMarkers } from "./support/markers.ts";
import { describeWith, pathOf } from "./support/requirements.ts";

const NAMES: readonly FixtureName[] = ["sample", "sample-2026"];

/** Rules that need more than a filesystem's own text: a broken fs/inode.c, or the simulator. Mutants cover them. */
const NOT_IN_SAMPLE = new Set(["missing-wakeup", "eviction-protocol"]);

describe.each(NAMES)("test/fixtures/%s", (name) => {
  const tree = readFixtureTree(name);

  test("has markers that parse, for every rule that a filesystem alone can break", () => {
    const rules = new Set(parseMarkers(tree).map((marker) => marker.rule));
    expect(RULE_IDS.filter((rule) => !rules.has(rule) && !NOT_IN_SAMPLE.has(rule))).toEqual([]);
  });

  test("has a folder for each case", () => {
    const folders = new Set([...tree.keys()].map((path) => /^fs\/(\w+)\//.exec(path)?.[1]).filter(Boolean));
    expect([...folders].sort()).toEqual(
      "asyncfs destroyfs dirtfs earlyfs gapfs guardfs jbdlite jnlfs lookfs nofailfs ownfs plainfs puntfs stackfs".split(
        " ",
      ),
    );
  });

  test("looks like a kernel tree: MAINTAINERS, Kbuild, mm/ and a version", () => {
    expect([...tree.keys()]).toEqual(expect.arrayContaining(["MAINTAINERS", "Kbuild", "Makefile", "mm/vmscan.c"]));
    expect(tree.get("Makefile")).toMatch(/^VERSION = \d+\nPATCHLEVEL = \d+\n/m);
  });
});

test("both idioms expect the same findings in the same functions", () => {
  const summary = (name: FixtureName) => {
    const tree = readFixtureTree(name);
    return parseMarkers(tree).map(({ file, line, rule, severity, required }) => {
      const before = (tree.get(file) ?? "").split("\n").slice(0, line);
      const header = before.reverse().find((text) => /^[a-z].*\(/.test(text)) ?? "";
      return `${file} ${header} ${rule} ${severity} ${required}`;
    });
  };
  expect(summary("sample-2026")).toEqual(summary("sample"));
});

test("the tree of 2026 reads and changes i_state through functions alone", () => {
  for (const [path, text] of readFixtureTree("sample-2026")) {
    if (path === "include/linux/fs.h") continue;
    expect(text, path).not.toMatch(/->i_state|\.i_state|generic_(delete|drop)_inode/);
  }
});

describeWith("gcc", "gcc takes the sample trees for C", () => {
  test.each(NAMES)("%s", (name) => {
    const files = [...readFixtureTree(name).keys()].filter((path) => path.endsWith(".c"));
    const flags = "-std=gnu11 -ffreestanding -nostdinc -Iinclude -Wall -Werror -fsyntax-only".split(" ");
    const result = spawnSync(pathOf("gcc"), [...flags, ...files], { cwd: fixtureFolder(name), encoding: "utf8" });
    expect(result.stderr).toBe("");
    expect(result.status).toBe(0);
  });
});
