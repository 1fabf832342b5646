import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeWith, pathOf } from "../../../../test/support/requirements.ts";
import { RULE_IDS } from "../report/finding.ts";
import { VOCABULARY } from "./vocabulary.ts";

test.each([...VOCABULARY])("%s says what it is, what holds, and where that stands", (_name, entry) => {
  for (const text of [entry.meaning, entry.holds, entry.source]) expect(text).toMatch(/^\S.*\S$/);
  for (const text of [entry.meaning, entry.holds]) expect(text).toMatch(/[.]$/);
  expect(entry.source).toMatch(/^(fs|mm|include|kernel|Documentation)\/|, linux-fsdevel, /);
  for (const rule of entry.rules ?? []) expect(RULE_IDS).toContain(rule);
  for (const page of entry.documentation ?? []) expect(page).toMatch(/^Documentation\/[\w/-]+\.rst$/);
});

describeWith("kernel-6.12", "the kernel's documentation", () => {
  // A tree may be unpacked without it.
  const isThere = existsSync(join(pathOf("kernel-6.12"), "Documentation"));
  test.skipIf(!isThere)("has every page that a name links to", () => {
    const pages = new Set([...VOCABULARY.values()].flatMap((entry) => entry.documentation ?? []));
    expect(pages.size).toBeGreaterThan(5);
    expect([...pages].filter((page) => !existsSync(join(pathOf("kernel-6.12"), page)))).toEqual([]);
  });
});
