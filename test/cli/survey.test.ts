/** `evictscope survey` agrees with `check` on what there is, on the sample trees and on Linux 6.12. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Review } from "../../server/src/core/report/finding.ts";
import { NEVER_CANCELLED } from "../../server/src/core/text/cancellation.ts";
import { createMemorySource } from "../../server/src/index/memory-source.ts";
import { surveyTree } from "../../server/src/index/survey.ts";
import { SURVEY_PROPERTIES, type Survey } from "../../server/src/index/survey-report.ts";
import { searchSource } from "../../server/src/index/survey-search.ts";
import { type FixtureTree, fixtureFolder, parseFixture } from "../support/fixture.ts";
import { describeWith, pathOf } from "../support/requirements.ts";
import { buildOnce, evictscope } from "./run-evictscope.ts";
import { readSchema, schemaProblems } from "./schemas.ts";

buildOnce();

function surveyJson(tree: string): Survey {
  const { status, stdout, stderr } = evictscope(["survey", tree, "--format", "json"]);
  if (status !== 0) throw new Error(`exit status ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

function surveyOf(tree: FixtureTree): Promise<Survey> {
  const files = createMemorySource(tree);
  return surveyTree({ files, search: searchSource(files) }, NEVER_CANCELLED);
}

describe.each(["sample", "sample-2026"] as const)("the %s tree", (name) => {
  let survey: Survey;
  beforeAll(() => {
    survey = surveyJson(fixtureFolder(name));
  });

  test("prints JSON as the schema says", () => {
    expect(schemaProblems("survey", survey)).toEqual([]);
  });

  test("has the same methods and unhash sites as check", () => {
    const review: Review = JSON.parse(evictscope(["check", fixtureFolder(name), "--format", "json"]).stdout);
    expect(survey.implementations).toEqual(review.implementations);
    expect(survey.unhashSites).toEqual(review.unhashSites);
  });

  test("the text has every table and unhash site", () => {
    const { status, stdout } = evictscope(["survey", fixtureFolder(name)]);
    expect(status).toBe(0);
    for (const { filesystem } of survey.filesystems) expect(stdout).toContain(filesystem);
    for (const { file, line, call } of survey.unhashSites) expect(stdout).toContain(`${file}:${line}: ${call}()`);
  });
});

test("nothing comes from comments and strings, and a method without a definition says so", async () => {
  const survey = await surveyOf(
    parseFixture(`
      //- /fs/foo/super.c
      /* static const struct super_operations old_sops = { .evict_inode = old_evict }; remove_inode_hash(inode); */
      static void foo_forget(struct inode *inode)
      {
        printk("remove_inode_hash(inode)"); // remove_inode_hash(inode);
      }
      static const struct super_operations foo_sops = {
        .evict_inode = foo_evict_inode,
        .drop_inode = NULL,
        .free_inode = foo_free,
      };
      //- /fs/foo/inode.c
      void foo_evict_inode(struct inode *inode)
      {
        truncate_inode_pages_final(&inode->i_data);
        if (!inode->i_nlink && !(current->flags & PF_MEMALLOC)) /* is_bad_inode(inode) */
          remove_inode_hash(inode);
        clear_inode(inode);
      }
    `),
  );
  expect(survey.unhashSites).toEqual([
    { function: "foo_evict_inode", file: "fs/foo/inode.c", line: 5, call: "remove_inode_hash" },
  ]);
  expect(survey.filesystems).toHaveLength(1);
  expect(survey.filesystems[0]?.methods).toEqual([
    {
      operation: "evict_inode",
      function: "foo_evict_inode",
      file: "fs/foo/inode.c",
      line: 1,
      defined: true,
      properties: ["truncates-pages", "clears-inode", "tests-link-count", "tests-memalloc", "unhashes"],
    },
    { operation: "free_inode", function: "foo_free", file: "fs/foo/super.c", line: 9, defined: false, properties: [] },
  ]);
});

test("a method that is defined in a file which names none of the words is found", async () => {
  const survey = await surveyOf(
    parseFixture(`
      //- /fs/foo/super.c
      const struct super_operations foo_sops = { .evict_inode = foo_drop, .destroy_inode = shared_destroy };
      //- /fs/foo/deep/inode.c
      void foo_drop(struct inode *inode) { clear_inode(inode); }
      //- /drivers/base/shared.c
      void shared_destroy(struct inode *inode) { }
    `),
  );
  expect(survey.implementations.map(({ file, line, defined }) => [file, line, defined])).toEqual([
    ["fs/foo/deep/inode.c", 1, true],
    ["drivers/base/shared.c", 1, true],
  ]);
});

test("the schema knows exactly the properties", () => {
  const { methods } = readSchema("survey").properties.filesystems.items.properties;
  expect(methods.items.properties.properties.items.enum).toEqual(SURVEY_PROPERTIES.map(({ id }) => id));
});

describeWith("kernel-6.12", "the survey of Linux 6.12", () => {
  let survey: Survey;
  beforeAll(() => {
    survey = surveyJson(pathOf("kernel-6.12"));
  }, 120_000);
  const lineOf = (file: string, line: number) =>
    readFileSync(join(pathOf("kernel-6.12"), file), "utf8").split("\n")[line - 1];

  test("has the 54 tables and 53 functions, 23 tables naming one of another file", () => {
    expect(survey.counts.operations[0]).toEqual({
      operation: "evict_inode",
      tables: 54,
      functions: 53,
      definedElsewhere: 23,
    });
    expect(survey.implementations.filter((each) => !each.defined)).toEqual([]);
  });

  test("has the six callers of remove_inode_hash() and the wrapper's own call, all in code", () => {
    const calls = survey.unhashSites.map((site) => site.call);
    expect(calls.filter((call) => call === "remove_inode_hash")).toHaveLength(6);
    expect(calls.filter((call) => call === "__remove_inode_hash")).toHaveLength(1);
    for (const { file, line, call } of survey.unhashSites) expect(lineOf(file, line)).toContain(`${call}(`);
  });

  test("every place is right: the table's name and the function's name stand in their lines", () => {
    const wrong = survey.implementations.filter(
      ({ file, line, function: fn, table }) =>
        !lineOf(file, line)?.includes(fn) || !lineOf(table.file, table.line)?.includes(table.name),
    );
    expect(wrong).toEqual([]);
  });

  test("prints JSON as the schema says", () => {
    expect(schemaProblems("survey", survey)).toEqual([]);
  });
});
