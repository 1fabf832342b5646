import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { RULE_IDS } from "../core/report/finding.ts";
import { DEFAULT_MAX_FILES, DEFAULT_EXCLUDE as ENGINE_EXCLUDE } from "../index/tree-scope.ts";
import { DEFAULT_SETTINGS, needsNewListing, readSettings } from "./settings.ts";

interface Property {
  readonly default: unknown;
}
const manifest = JSON.parse(
  readFileSync(join(fileURLToPath(new URL("../../..", import.meta.url)), "package.json"), "utf8"),
) as { contributes: { configuration: readonly { properties: Record<string, Property> }[] } };
const properties: Record<string, Property> = Object.assign(
  {},
  ...manifest.contributes.configuration.map((group) => group.properties),
);

test("nothing given is the defaults, and they are those of the manifest and of the command line", () => {
  expect(readSettings(undefined)).toEqual({ settings: DEFAULT_SETTINGS, problems: [] });
  expect(properties["evictscope.exclude"]?.default).toEqual(DEFAULT_SETTINGS.exclude);
  expect(properties["evictscope.respectGitignore"]?.default).toBe(DEFAULT_SETTINGS.respectGitignore);
  expect(properties["evictscope.kernelTree"]?.default).toBe(DEFAULT_SETTINGS.kernelTree);
  expect(properties["evictscope.maxFiles"]?.default).toBe(DEFAULT_SETTINGS.maxFiles);
  expect(properties["evictscope.server.maxMemory"]?.default).toBe(DEFAULT_SETTINGS.maxMemory);
  expect(properties["evictscope.simulate"]?.default).toBe(DEFAULT_SETTINGS.simulate);
  expect(DEFAULT_SETTINGS.exclude).toEqual(ENGINE_EXCLUDE);
  expect(DEFAULT_SETTINGS.maxFiles).toBe(DEFAULT_MAX_FILES);
});

test("what the manifest offers for a rule is taken", () => {
  for (const rule of RULE_IDS) expect(properties[`evictscope.rules.${rule}`]?.default).toBe("default");
  const { settings, problems } = readSettings({ rules: { "deferred-work": "off", "missing-wakeup": "warning" } });
  expect(problems).toEqual([]);
  expect(settings.rules).toEqual({ "deferred-work": "off", "missing-wakeup": "warning" });
});

test.each([
  [{ maxFiles: 3.5 }, /evictscope.maxFiles: must be a whole number from 100 to/],
  [{ exclude: "tools" }, /evictscope.exclude: must be a list/],
  [{ exclude: ["../elsewhere"] }, /evictscope.exclude: "..\/elsewhere" is not a folder/],
  [{ kernelTree: "linux" }, /evictscope.kernelTree: must be a full path/],
  [{ simulate: "some" }, /evictscope.simulate: must be one of none, all/],
  [{ rules: { nonsense: "off" } }, /evictscope.rules.nonsense: there is no such rule/],
  [{ server: { maxMemory: "much" } }, /evictscope.server.maxMemory: must be a whole number/],
])("%j gets one line and the default", (given, message) => {
  const { settings, problems } = readSettings(given);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(message);
  expect({ ...settings, exclude: DEFAULT_SETTINGS.exclude }).toEqual(DEFAULT_SETTINGS);
});

test("a change of rules needs no new listing, a change of scope does", () => {
  const rules = readSettings({ rules: { "deferred-work": "off" } }).settings;
  const scope = readSettings({ exclude: ["drivers"] }).settings;
  expect(needsNewListing(DEFAULT_SETTINGS, rules)).toBe(false);
  expect(needsNewListing(DEFAULT_SETTINGS, scope)).toBe(true);
});
