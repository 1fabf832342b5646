/** The table of designs, on the steps of filesystems of the sample tree. */
import { beforeAll, describe, expect, test } from "vitest";
import type { DesignCell, DesignTable } from "../../server/src/core/extract/filesystem/design-table.ts";
import { DESIGNS, QUESTIONS } from "../../server/src/core/extract/filesystem/designs.ts";
import { createStepper } from "../../server/src/core/race/simulator.ts";
import { NEVER_CANCELLED } from "../../server/src/core/text/cancellation.ts";
import type { ReviewSession } from "../../server/src/index/review-session.ts";
import { readFixtureTree } from "../support/fixture.ts";
import { reviewNow, sessionOf } from "../support/review.ts";

describe("the designs of a filesystem whose eviction dirties and allocates", () => {
  let session: ReviewSession;
  let table: DesignTable;
  const cell = (design: string, question: string): DesignCell =>
    table.designs.find(({ id }) => id === design)!.cells.find((each) => each.question === question)!;
  const answer = (design: string, question: string): string | undefined => {
    const { run, obligation } = cell(design, question);
    if (run?.verdict !== "holds") return run?.invariant;
    return obligation === undefined ? "holds" : `holds, but ${obligation.without.invariant}`;
  };

  beforeAll(async () => {
    session = sessionOf(readFixtureTree("sample"));
    await reviewNow(session);
    table = (await session.query({ name: "designs", filesystem: "fs/jnlfs" }, NEVER_CANCELLED))!;
  }, 60_000);

  test("has every design and every question", () => {
    expect(table.designs.map(({ id }) => id)).toEqual(DESIGNS.map(({ id }) => id));
    for (const { cells } of table.designs) expect(cells.map(({ question }) => question)).toEqual([...QUESTIONS]);
  });

  test.each([
    ["sync", "reclaim", "RECL"],
    ["sync", "lookup", "holds"],
    ["sync", "umount", "holds"],
    ["error-return", "lookup", "holds, but PROG"],
    ["error-return", "umount", "holds, but UMNT"],
    ["kswapd-only", "reclaim", "RECL"],
    ["reserves", "reclaim", "RECL"],
    ["private-cache", "reclaim", "holds"],
    ["private-cache", "lookup", "holds, but UNIQ"],
    ["async-before-unhash", "reclaim", "holds"],
    ["async-before-unhash", "lookup", "holds"],
    ["async-before-unhash", "umount", "holds, but UMNT"],
    ["async-before-unhash", "memory", "holds, but PROG"],
    ["async-before-unhash", "throttle", "holds, but BOUND"],
    ["async-after-unhash", "lookup", "UNIQ"],
    ["deferred-freeing", "reclaim", "holds, but RECL"],
    ["deferred-parked", "lookup", "holds, but UAF"],
    ["deferred-parked", "umount", "holds, but UMNT"],
    ["drop-inode", "lookup", "holds, but UAF"],
    ["sync", "create", "holds"],
  ])("%s, %s: %s", (design, question, expected) => {
    expect(answer(design, question)).toBe(expected);
  });

  test("the lookups and the worker run the tree's own evict(): one that wakes nobody lets lookups sleep", async () => {
    const tree = readFixtureTree("sample");
    const text = tree.get("fs/inode.c")!;
    const without = text.replace(/(remove_inode_hash\(inode\);[\s\S]*?)inode_wake_up_bit\(inode, __I_NEW\);/, "$1");
    expect(without).not.toBe(text);
    tree.set("fs/inode.c", without);
    const changed = sessionOf(tree);
    await reviewNow(changed);
    const { designs } = (await changed.query({ name: "designs", filesystem: "fs/jnlfs" }, NEVER_CANCELLED))!;
    for (const id of ["sync", "async-before-unhash", "deferred-freeing"]) {
      const { run } = designs.find((each) => each.id === id)!.cells.find(({ question }) => question === "lookup")!;
      expect(["WAKE", "PROG"], id).toContain(run?.invariant);
    }
  });

  test("where evict() cannot be lowered, the table says whose it is, and answers the same", async () => {
    const tree = readFixtureTree("sample");
    const text = tree.get("fs/inode.c")!;
    // More steps than are lowered of one function.
    const long = "\tspin_lock(&inode->i_lock);\n\tspin_unlock(&inode->i_lock);\n".repeat(500);
    tree.set("fs/inode.c", text.replace("\tinode_sb_list_del(inode);\n\n", `\tinode_sb_list_del(inode);\n${long}\n`));
    const changed = sessionOf(tree);
    await reviewNow(changed);
    const written = (await changed.query({ name: "designs", filesystem: "fs/jnlfs" }, NEVER_CANCELLED))!;
    expect(written.assumptions.join("\n")).toMatch(/iput\(\) is that of Linux 6\.12 \(the tree's cannot be lowered/);
    expect(table.assumptions.join("\n")).not.toMatch(/Linux 6\.12/);
    const answers = ({ designs }: DesignTable): unknown =>
      designs.map(({ id, cells }) => [
        id,
        cells.map(({ run, obligation, note }) => [
          run?.invariant ?? run?.verdict ?? note,
          obligation?.without.invariant,
        ]),
      ]);
    expect(answers(written)).toEqual(answers(table));
  });

  test("lists what a design must bring", () => {
    const { obligations } = table.designs.find(({ id }) => id === "async-before-unhash")!;
    expect(obligations.join("\n")).toMatch(/drains the queue[\s\S]*rescuer[\s\S]*backlog/);
    expect(table.designs.find(({ id }) => id === "sync")!.obligations).toEqual([]);
  });

  test("every failing cell opens on a run that fails, with steps of the filesystem's own lines", async () => {
    let own = 0;
    for (const design of table.designs)
      for (const { question, run, obligation, model: id } of design.cells) {
        const failing = obligation?.without ?? (run?.verdict === "violated" ? run : undefined);
        if (failing === undefined) continue;
        const asked = { name: "designModel", filesystem: "fs/jnlfs", design: design.id, question } as const;
        const model = await session.query(asked, NEVER_CANCELLED);
        expect(model?.id).toBe(id);
        const stepper = createStepper(model!, obligation === undefined ? {} : { obligation: "off" });
        expect(stepper.replay(failing.traceString!), id).not.toHaveProperty("error");
        const trace = stepper.trace();
        expect(trace.violation?.invariant).toBe(failing.invariant);
        if (trace.steps.some(({ file }) => file?.startsWith("fs/jnlfs/"))) own++;
      }
    expect(own).toBeGreaterThan(5);
  });

  test("a filesystem that the tree has not has no table", async () => {
    expect(await session.query({ name: "designs", filesystem: "fs/none" }, NEVER_CANCELLED)).toBeNull();
  });

  test("a filesystem that does nothing in eviction is well off as it is", async () => {
    const plain = (await session.query({ name: "designs", filesystem: "fs/plainfs" }, NEVER_CANCELLED))!;
    const sync = plain.designs.find(({ id }) => id === "sync")!;
    for (const { run } of sync.cells) if (run !== undefined) expect(run.verdict).toBe("holds");
  });
});
