/** Evictions that ->evict_inode_async hands to a worker, against the tree's own umount: with what waits for it, and without. */
import { describe, expect, test } from "vitest";
import { ExtractedProtocol } from "../../server/src/core/extract/protocol.ts";
import { standardScenarios } from "../../server/src/core/extract/standard-scenarios.ts";
import type { Outcome } from "../../server/src/core/race/outcome.ts";
import { explore } from "../../server/src/core/race/simulator.ts";
import { extractionTree } from "../support/extraction.ts";
import { type FixtureName, readFixtureTree } from "../support/fixture.ts";

const ID = "protocol.handed-on-against-umount-asyncfs_evict_inode_async";
const DRAIN =
  "\twhile (atomic_read(&sbi->in_flight))\n\t\tflush_workqueue(sbi->evict_wq);\n\tdestroy_workqueue(sbi->evict_wq);\n";
const KILL_SB = ".kill_sb\t= kill_block_super";
const TYPE = "static struct file_system_type asyncfs_type";

type Edit = readonly [path: string, from: string, to: string];

const ASYNCFS = "fs/asyncfs/inode.c";
const withoutDrain: Edit = [ASYNCFS, DRAIN, ""];
/** The drain in a ->kill_sb of the filesystem's own, before or behind the rest. */
const inKillSb = (body: string): readonly Edit[] => [
  withoutDrain,
  [ASYNCFS, KILL_SB, ".kill_sb\t= asyncfs_kill_sb"],
  [ASYNCFS, TYPE, `static void asyncfs_kill_sb(struct super_block *sb)\n{\n${body}}\n\n${TYPE}`],
];
/** Linked inodes are handed on, too: then umount's own evict_inodes() hands on. */
const always: Edit = [ASYNCFS, "if (inode->i_nlink || is_bad_inode(inode)) {", "if (is_bad_inode(inode)) {"];

async function judge(
  name: FixtureName,
  edits: readonly Edit[],
): Promise<{ outcome: Outcome | undefined; failures: string[] }> {
  const tree = readFixtureTree(name);
  for (const [path, from, to] of edits) {
    const text = tree.get(path) ?? "";
    expect(text.split(from), `${path}: ${from}`).toHaveLength(2);
    tree.set(path, text.replace(from, to));
  }
  const protocol = new ExtractedProtocol(await extractionTree(tree));
  const scenario = [...standardScenarios(protocol)].find(({ model }) => model.id === ID);
  return {
    outcome: scenario === undefined ? undefined : explore(scenario.model, { maxStates: 200_000 }),
    failures: protocol.failures.map(({ name: fn, reason }) => `${fn}: ${reason}`),
  };
}

describe.each<FixtureName>(["sample", "sample-2026"])("%s", (name) => {
  test.each<[string, readonly Edit[]]>([
    ["->put_super flushes and destroys the queue", []],
    ["linked inodes are handed on, too", [always]],
    ["->put_super flushes once", [[ASYNCFS, DRAIN, "\tflush_workqueue(sbi->evict_wq);\n"], always]],
    [
      "->put_super waits for a counter",
      [[ASYNCFS, DRAIN, "\twait_event(sbi->idle, !atomic_read(&sbi->in_flight));\n"], always],
    ],
    [
      "->kill_sb drains behind the rest",
      [...inKillSb("\tkill_block_super(sb);\n\tdrain_workqueue(ASYNCFS_SB(sb)->evict_wq);\n"), always],
    ],
  ])("holds where %s", async (_, edits) => {
    const { outcome, failures } = await judge(name, edits);
    expect(failures).toEqual([]);
    expect(outcome).toMatchObject({ verdict: "holds" });
  });

  test.each<[string, readonly Edit[]]>([
    ["nothing drains", [withoutDrain]],
    ["another queue is flushed", [[ASYNCFS, DRAIN, "\tflush_workqueue(sbi->read_wq);\n"]]],
    [
      "the drain comes before evict_inodes(), which hands on again",
      [...inKillSb("\tflush_workqueue(ASYNCFS_SB(sb)->evict_wq);\n\tkill_block_super(sb);\n"), always],
    ],
    [
      "->put_super waits for a counter that is raised by nobody",
      [
        [ASYNCFS, DRAIN, "\twait_event(sbi->idle, !atomic_read(&sbi->in_flight));\n"],
        [ASYNCFS, "\tatomic_inc(&sbi->in_flight);\n", ""],
        [ASYNCFS, "\tatomic_dec(&sbi->in_flight);\n", ""],
      ],
    ],
    [
      "the worker does not complete the eviction",
      [[ASYNCFS, "\tclear_inode(inode);\n\tevict_inode_complete(inode);\n", "\tclear_inode(inode);\n"]],
    ],
  ])("UMNT where %s", async (_, edits) => {
    const { outcome, failures } = await judge(name, edits);
    expect(failures).toEqual([]);
    expect(outcome).toMatchObject({ verdict: "violated", invariant: "UMNT" });
    expect(outcome?.trace?.steps.some(({ file }) => file === ASYNCFS)).toBe(true);
  });

  test.each<[string, Edit, RegExp]>([
    [
      "a queue in a local variable",
      [
        ASYNCFS,
        "queue_work(sbi->evict_wq, &ai->evict_work);",
        "struct workqueue_struct *wq = sbi->evict_wq;\n\tqueue_work(wq, &ai->evict_work);",
      ],
      /a queue of work whose name is not known/,
    ],
    [
      "work that is no part of the inode",
      [ASYNCFS, "queue_work(sbi->evict_wq, &ai->evict_work);", "queue_work(sbi->evict_wq, &sbi->evict_work);"],
      /queues work that is no part of the inode/,
    ],
    [
      "work that is cancelled",
      [ASYNCFS, DRAIN, "\tcancel_work_sync(&sbi->evict_work);\n"],
      /hands work to another thread/,
    ],
  ])("%s is listed and not judged", async (_, edit, reason) => {
    const { outcome, failures } = await judge(name, [edit]);
    expect(outcome).toBeUndefined();
    expect(failures.join("\n")).toMatch(reason);
  });
});
