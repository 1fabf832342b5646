/** The scenarios of findings stand on the tree's own functions; where those cannot be lowered, on Linux 6.12's, and say so. */
import { beforeAll, describe, expect, test } from "vitest";
import type { FindingVerdict } from "../../server/src/core/extract/filesystem/verdict.ts";
import type { Finding } from "../../server/src/core/report/finding.ts";
import { NEVER_CANCELLED } from "../../server/src/core/text/cancellation.ts";
import { readFixtureTree } from "../support/fixture.ts";
import { reviewNow, sessionOf } from "../support/review.ts";

type Judged = readonly { readonly finding: Finding; readonly verdict: FindingVerdict }[];

async function verdictsOf(edit: (text: string) => string, rule?: string): Promise<Judged> {
  const tree = readFixtureTree("sample");
  tree.set("fs/inode.c", edit(tree.get("fs/inode.c")!));
  const session = sessionOf(tree);
  const judged: { finding: Finding; verdict: FindingVerdict }[] = [];
  for (const finding of (await reviewNow(session)).findings) {
    if (rule !== undefined && finding.rule !== rule) continue;
    if (finding.rule === "eviction-protocol" || finding.file === "fs/inode.c") continue;
    const verdict = await session.query({ name: "verdict", finding }, NEVER_CANCELLED);
    judged.push({ finding, verdict: verdict! });
  }
  return judged;
}

describe("an evict() that cannot be lowered", () => {
  let written: Judged;
  let lowered: Judged;

  beforeAll(async () => {
    lowered = await verdictsOf((text) => text);
    // More steps than are lowered of one function.
    const long = "\tspin_lock(&inode->i_lock);\n\tspin_unlock(&inode->i_lock);\n".repeat(500);
    written = await verdictsOf((text) =>
      text.replace("\tinode_sb_list_del(inode);\n\n", `\tinode_sb_list_del(inode);\n${long}\n`),
    );
  }, 120_000);

  test("the verdicts are those of the sample tree's own functions, which do what Linux 6.12's do", () => {
    const say = ({ finding: { rule, file, line }, verdict: { simulation } }: Judged[number]): string =>
      `${rule} ${file}:${line} ${simulation.verdict} ${simulation.verdict === "violated" ? simulation.invariant : ""}`;
    expect(written.map(say)).toEqual(lowered.map(say));
    expect(written.length).toBeGreaterThan(30);
  });

  test("each says which functions are written down, and why", () => {
    for (const { finding, verdict } of written) {
      const text = verdict.simulation.assumptions.join("\n");
      const where = `${finding.rule} ${finding.file}:${finding.line}`;
      // The eviction by a worker is written down in any case.
      if (finding.operation === "evict_inode_async" || finding.operation === "free_inode") continue;
      expect(text, where).toMatch(/\(\) is that of Linux 6\.12 \(the tree's cannot be lowered: .+\)/);
    }
    for (const { verdict } of lowered)
      expect(verdict.simulation.assumptions.join("\n")).not.toMatch(/is that of Linux 6\.12/);
  });
});

describe("what the tree's own functions do decides", () => {
  const of = async (rule: string, from: string | RegExp, to: string): Promise<readonly FindingVerdict[]> => {
    const judged = await verdictsOf((text) => {
      const changed = text.replace(from, to);
      expect(changed).not.toBe(text);
      return changed;
    }, rule);
    return judged.map(({ verdict }) => verdict);
  };

  test("an evict() that does not look at i_state finds no inode that was not cleared", async () => {
    const verdicts = await of("missing-clear-inode", "\tBUG_ON(inode->i_state != (I_FREEING | I_CLEAR));\n", "");
    expect(verdicts.map(({ simulation }) => simulation.verdict)).toEqual(verdicts.map(() => "holds"));
    expect(verdicts.length).toBeGreaterThan(0);
  });

  test("a clear_inode() that does not look at the pages finds none", async () => {
    const verdicts = await of("missing-truncate-pages", "\tBUG_ON(inode->i_data.nrpages);\n", "");
    expect(verdicts.map(({ simulation }) => simulation.verdict)).toEqual(verdicts.map(() => "holds"));
    expect(verdicts.length).toBeGreaterThan(0);
  });

  test("an evict_inodes() that evicts nothing leaves inodes at umount, whatever is flushed", async () => {
    const verdicts = await of("deferred-work", /(void evict_inodes\(struct super_block \*sb\)\n\{\n)/, "$1\treturn;\n");
    // Those whose ->drop_inode keeps an inode in the cache; all of them hold on the tree as it is.
    const left = verdicts.filter(({ simulation }) => simulation.invariant === "UMNT");
    expect(left).toHaveLength(2);
  });

  const HANDS_ON = (condition: string): string =>
    `\tif (${condition}) {\n\t\tqueue_work(evict_wq, &inode->i_evict_work);\n\t\treturn;\n\t}\n`;
  const FIRST = "\tif (!list_empty(&inode->i_io_list))\n\t\tinode_io_list_del(inode);\n\tinode_sb_list_del(inode);\n";

  test("an evict() that hands inodes on in reclaim: reclaim dirties nothing, if what is handed on is not waited for", async () => {
    const verdicts = await of("dirty-under-memalloc", FIRST, HANDS_ON("current->flags & PF_MEMALLOC") + FIRST);
    // One is of iput() itself, in front of evict().
    expect(verdicts.length).toBeGreaterThan(4);
    for (const { simulation, reason } of verdicts) {
      expect(simulation.verdict).toBe("holds");
      expect(simulation.assumptions.join("\n")).toMatch(
        /^fs\/inode\.c:\d+: what is handed to another task here is done there/m,
      );
      expect(reason).toBeUndefined();
    }
  });

  test("one that does so everywhere else", async () => {
    const verdicts = await of("dirty-under-memalloc", FIRST, HANDS_ON("!(current->flags & PF_MEMALLOC)") + FIRST);
    expect(verdicts.map(({ simulation }) => simulation.invariant)).toEqual(verdicts.map(() => "DIRT"));
    expect(verdicts.length).toBeGreaterThan(4);
  });
});
