/** Every fix: applied, reviewed again; its finding is gone, nothing new appears, the code parses and is in the kernel's style. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type FixtureTree, readFixtureTree } from "../../../../test/support/fixture.ts";
import { describeWith, pathOf } from "../../../../test/support/requirements.ts";
import { sessionOf } from "../../../../test/support/review.ts";
import type { ReviewSession } from "../../index/review-session.ts";
import type { Fix, FixEdit } from "../query/queries.ts";
import type { Finding, Review } from "../report/finding.ts";
import { NEVER_CANCELLED } from "../text/cancellation.ts";

const tree: FixtureTree = new Map([...readFixtureTree("sample"), ...readFixtureTree("fixes")]);
let session: ReviewSession;
let before: Review;

beforeAll(async () => {
  session = sessionOf(tree);
  before = (await session.review(NEVER_CANCELLED)).review;
});

function findingOf(filesystem: string, rule: string, message = ""): Finding {
  const found = before.findings.find(
    (each) => each.filesystem === filesystem && each.rule === rule && each.message.includes(message),
  );
  if (found === undefined) throw new Error(`${filesystem} has no ${rule} "${message}"`);
  return found;
}

async function fixOf(finding: Finding, name: string): Promise<Fix> {
  const offers = await session.query({ name: "fixes", finding }, NEVER_CANCELLED);
  expect(offers?.map((offer) => offer.fix)).toContain(name);
  const fix = await session.query({ name: "fix", finding, fix: name }, NEVER_CANCELLED);
  if (fix === null) throw new Error(`${name} makes no change`);
  return fix;
}

/** The tree with a fix applied. Edits are of the text as it was: the last goes first. */
function apply(edits: readonly FixEdit[]): FixtureTree {
  const after = new Map(tree);
  for (const edit of edits.toReversed()) {
    const text = after.get(edit.file) ?? "";
    const offset = (line: number, column: number): number =>
      text
        .split("\n")
        .slice(0, line - 1)
        .join("\n").length +
      (line > 1 ? 1 : 0) +
      column -
      1;
    const { line, column, endLine, endColumn } = edit.span;
    after.set(edit.file, text.slice(0, offset(line, column)) + edit.text + text.slice(offset(endLine, endColumn)));
  }
  return after;
}

async function reviewAfter(edits: readonly FixEdit[]): Promise<{ review: Review; texts: FixtureTree }> {
  const texts = apply(edits);
  const { review } = await sessionOf(texts).review(NEVER_CANCELLED);
  return { review, texts };
}

/** What a review found, without ids, which name the operation: a conversion moves findings to another one. */
function count(review: Review, filesystem: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const finding of review.findings) {
    const key = finding.filesystem === filesystem ? finding.rule : `${finding.filesystem} ${finding.id}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

interface Case {
  readonly filesystem: string;
  readonly rule: string;
  readonly message?: string;
  readonly fix: string;
  /** A hint that the change brings by design: whoever defers has deferred work. */
  readonly brings?: string;
  readonly has: readonly string[];
}

const CASES: readonly Case[] = [
  {
    filesystem: "fs/earlyfs",
    rule: "work-after-unhash",
    fix: "move-unhash",
    has: [
      "\t\tearlyfs_release_blocks(inode); /* expect: work-after-unhash error, dirty-under-memalloc error */\n\tremove_inode_hash(inode);\n\tclear_inode(inode);\n",
    ],
  },
  {
    filesystem: "fs/puntfs",
    rule: "work-after-unhash",
    fix: "move-unhash",
    has: ["\tatomic_inc(&sbi->in_flight);\n\tINIT_WORK(&ai->evict_work, puntfs_evict_worker);\n"],
  },
  {
    filesystem: "fs/gapfs",
    rule: "missing-clear-inode",
    fix: "add-clear-inode",
    has: [
      "\tif (GAPFS_I(inode)->frozen) {\n\t\ttruncate_inode_pages_final(&inode->i_data);\n\t\tclear_inode(inode);\n\t\treturn;",
    ],
  },
  {
    filesystem: "fs/gapfs",
    rule: "missing-truncate-pages",
    fix: "add-truncate-pages",
    has: ["\t\ttruncate_inode_pages_final(&inode->i_data);\n\t\tclear_inode(inode); /* expect"],
  },
  {
    filesystem: "fs/lookfs",
    rule: "lookup-under-evict",
    fix: "lookup-nowait",
    has: [
      "struct inode *attribute = find_inode_nowait(inode->i_sb, LOOKFS_I(inode)->attribute_ino, lookfs_match_live, NULL);",
      "return IS_ERR_OR_NULL(attribute) ? NULL : attribute;",
      "static int lookfs_match_live(struct inode *inode, unsigned long ino, void *data)\n{\n",
    ],
  },
  {
    filesystem: "fs/peerfs",
    rule: "lookup-under-evict",
    fix: "lookup-nowait",
    has: [
      "\n}\n\n/* Tells the peer that this inode is gone. */\nstatic void",
      "peer = find_inode_nowait(inode->i_sb, PEERFS_I(inode)->peer_ino, peerfs_match_live, NULL);",
    ],
  },
  {
    filesystem: "fs/parkfs",
    rule: "dirty-under-memalloc",
    message: "mark_buffer_dirty",
    fix: "guard-memalloc",
    brings: "deferred-work",
    has: [
      "\tif (!inode->i_nlink) {\n\t\tif (current->flags & PF_MEMALLOC)\n\t\t\tparkfs_park(inode);\n\t\telse\n\t\t\tparkfs_delete(inode);\n\t}\n",
      "#include <linux/workqueue.h>\n#include <linux/sched.h>\n",
    ],
  },
  {
    filesystem: "fs/parkfs",
    rule: "dirty-under-memalloc",
    message: "mark_inode_dirty",
    fix: "guard-memalloc",
    brings: "deferred-work",
    has: [
      "\tif (current->flags & PF_MEMALLOC)\n\t\tparkfs_park(inode);\n\telse\n\t\tparkfs_touch(inode);\n\tclear_inode(inode);\n",
    ],
  },
  {
    filesystem: "fs/parkfs",
    rule: "dirty-under-memalloc",
    message: "mark_inode_dirty",
    fix: "defer-eviction",
    brings: "deferred-work",
    has: [
      "\t.evict_inode_async = parkfs_evict_inode_async,\n",
      "\t.put_super = parkfs_put_super,\n};\n",
      '\tint err;\n\n\tparkfs_evict_wq = alloc_workqueue("parkfs-evict", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);\n\tif (!parkfs_evict_wq)\n\t\treturn -ENOMEM;\n\terr = parkfs_init();\n\tif (err)\n\t\tdestroy_workqueue(parkfs_evict_wq);\n\treturn err;\n}\n',
      "\tparkfs_exit();\n\tdestroy_workqueue(parkfs_evict_wq);\n}\n",
      "module_init(parkfs_evict_wq_init",
      "module_exit(parkfs_evict_wq_exit",
      "\tstruct work_struct evict_work;\n\tstruct inode vfs_inode;\n",
    ],
  },
  {
    filesystem: "fs/dirtfs",
    rule: "dirty-under-memalloc",
    fix: "defer-eviction",
    brings: "deferred-work",
    has: ["flush_workqueue(dirtfs_evict_wq);\n", "static bool dirtfs_evict_inode_async(struct inode *inode)\n{\n"],
  },
  {
    filesystem: "fs/parkfs",
    rule: "dirty-under-memalloc",
    message: "mark_buffer_dirty",
    fix: "mark-hard-to-reclaim",
    has: [
      "\tif (!inode->i_nlink) {\n\t\tif (!WARN_ON_ONCE(current->flags & PF_MEMALLOC))\n\t\t\tparkfs_delete(inode);\n\t}\n",
      "\t\tparkfs_mark_reclaim_hard(inode);\n\t\tunlock_new_inode(inode);\n",
    ],
  },
];

describe.each(CASES)(
  "$fix of $rule in $filesystem $message",
  ({ filesystem, rule, message, fix: name, brings, has }) => {
    test("takes the finding away, brings nothing new, and reads like the kernel", async () => {
      const finding = findingOf(filesystem, rule, message);
      const fix = await fixOf(finding, name);
      expect(fix.title.length).toBeLessThan(120);
      for (const edit of fix.edits) expect(edit.why).not.toBe("");
      const { review, texts } = await reviewAfter(fix.edits);
      expect(review.findings.map((each) => each.id)).not.toContain(finding.id);
      const [was, is] = [count(before, filesystem), count(review, filesystem)];
      expect(is.get(rule) ?? 0).toBeLessThan(was.get(rule) ?? 0);
      for (const [key, number] of is) if (key !== brings) expect(number, key).toBeLessThanOrEqual(was.get(key) ?? 0);
      if (brings !== undefined)
        expect(
          review.findings
            .filter((each) => each.filesystem === filesystem && each.rule === brings)
            .map((each) => each.severity),
        ).toContain("hint");
      expect(review.stats.functionsWithParseErrors).toBe(before.stats.functionsWithParseErrors);
      const changed = [...new Set(fix.edits.map((edit) => edit.file))].map((file) => texts.get(file)).join("\n");
      for (const text of has) expect(changed).toContain(text);
      for (const edit of fix.edits) expect(edit.text).not.toMatch(/\n +[^ *]|[ \t]+$/m);
    });
  },
);

describeWith("gcc", "gcc takes what the fixes leave for C", () => {
  test.each(CASES)("$fix of $rule in $filesystem $message", async ({ filesystem, rule, message, fix: name }) => {
    const { edits } = await fixOf(findingOf(filesystem, rule, message), name);
    const folder = mkdtempSync(join(tmpdir(), "evictscope-fix-"));
    for (const [path, text] of apply(edits)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const files = [...tree.keys()].filter((path) => path.startsWith(`${filesystem}/`) && path.endsWith(".c"));
    // What the sample's headers lack: one macro of err.h, and the flag of a proposal.
    const flags = [
      ..."-std=gnu11 -ffreestanding -nostdinc -Iinclude -Wall -Werror -fsyntax-only".split(" "),
      "-DIS_ERR_OR_NULL(p)=(!(p) || IS_ERR(p))",
      "-DI_RECLAIM_HARD=(1 << 20)",
    ];
    const result = spawnSync(pathOf("gcc"), [...flags, ...files], { cwd: folder, encoding: "utf8" });
    rmSync(folder, { recursive: true });
    expect(result.stderr).toBe("");
  });
});

test("no fix is offered where it does not fit", async () => {
  const fixes = async (finding: Finding): Promise<string[]> =>
    ((await session.query({ name: "fixes", finding }, NEVER_CANCELLED)) ?? []).map((offer) => offer.fix);
  // The way out of peerfs that lacks clear_inode() is shared with ways that have had it.
  expect(await fixes(findingOf("fs/peerfs", "missing-clear-inode"))).toEqual([]);
  // Nothing to defer with, and no struct of its own around its inodes.
  expect(await fixes(findingOf("fs/dirtfs", "dirty-under-memalloc"))).not.toContain("guard-memalloc");
  // A finding of an earlier text.
  expect(await fixes({ ...findingOf("fs/gapfs", "missing-clear-inode"), function: "gone_evict_inode" })).toEqual([]);
});
