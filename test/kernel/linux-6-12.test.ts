/**
 * The engine on a real tree: the survey is complete, chains stand in the source, the known bugs are found with their
 * contexts, and mutants are told from look-alikes. One session serves all tests; mutants are documents of it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Finding, Review } from "../../server/src/core/report/finding.ts";
import type { ReviewSession } from "../../server/src/index/review-session.ts";
import { describeWith, pathOf, repositoryRoot } from "../support/requirements.ts";
import { reviewNow, sessionOf } from "../support/review.ts";
import { chainProblems } from "./chains.ts";
import { STATIC_MUTANTS } from "./mutants/all-mutants.ts";
import { groupMutants, type Mutant, overlayOf } from "./mutants/mutant.ts";

describeWith("kernel-6.12", "Linux 6.12", () => {
  let session: ReviewSession;
  let review: Review;
  const read = (path: string): string | null => {
    try {
      return readFileSync(join(pathOf("kernel-6.12"), path), "utf8");
    } catch {
      return null;
    }
  };

  beforeAll(async () => {
    session = sessionOf(pathOf("kernel-6.12"));
    review = await reviewNow(session);
  }, 600_000);

  describe("the survey", () => {
    test("has all 54 tables with ->evict_inode and the 53 functions that they name", () => {
      const evictions = review.implementations.filter((entry) => entry.operation === "evict_inode");
      expect(new Set(evictions.map(({ table }) => `${table.file} ${table.name}`)).size).toBe(54);
      expect(new Set(evictions.map((entry) => entry.function)).size).toBe(53);
      expect(evictions.filter((entry) => !entry.defined)).toEqual([]);
    });

    test("joins 23 table entries with a definition in another file", () => {
      const elsewhere = review.implementations.filter(
        (entry) => entry.operation === "evict_inode" && entry.file !== entry.table.file,
      );
      expect(elsewhere).toHaveLength(23);
    });

    test("names the line of each definition and of each table", () => {
      const wrong = review.implementations.filter(({ function: fn, file, line, table }) => {
        const definition = (read(file) ?? "").split("\n").slice(Math.max(0, line - 2), line + 1);
        const initialiser = (read(table.file) ?? "").split("\n").slice(Math.max(0, table.line - 2), table.line + 1);
        return !definition.some((text) => text.includes(fn)) || !initialiser.some((text) => text.includes(table.name));
      });
      expect(wrong.map((entry) => `${entry.file}:${entry.line} ${entry.function}`)).toEqual([]);
    });

    test("has the six callers of remove_inode_hash(), and no comment", () => {
      const callers = review.unhashSites.filter((site) => site.call === "remove_inode_hash");
      expect(callers).toHaveLength(6);
      for (const site of callers) expect(read(site.file)?.split("\n")[site.line - 1]).toMatch(/\bremove_inode_hash\(/);
    });
  });

  test("every edge of every chain stands in the source", () => {
    expect(review.findings.flatMap((finding) => chainProblems(finding, read))).toEqual([]);
  });

  test("ids are unique, files and lines exist", () => {
    const ids = review.findings.map((finding) => finding.id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    const wrong = review.findings.filter(
      ({ file, line, function: fn }) => read(file)?.split("\n")[line - 1] === undefined || fn === "",
    );
    expect(wrong).toEqual([]);
  });

  describe("the ways into eviction", () => {
    interface LabelledCall {
      readonly function: string;
      readonly file: string;
      readonly line_of_call: number;
    }
    const { paths } = JSON.parse(readFileSync(join(repositoryRoot, "test/labels/reclaim.json"), "utf8")) as {
      paths: Record<string, LabelledCall[]>;
    };
    const labelledCalls = new Set(
      Object.values(paths).flatMap((path) => path.map((call) => `${call.file}:${call.line_of_call} ${call.function}`)),
    );
    const waysFrom = (context: string) => (review.contexts ?? []).filter((way) => way.context === context);

    test("stand in the source", () => {
      const ways = review.contexts ?? [];
      expect(ways.length).toBeGreaterThan(4);
      const asFinding = ways.map(
        (way) => ({ id: way.context, rule: "deferred-work", ends: [], chain: way.chain }) as const,
      );
      expect(asFinding.flatMap((way) => chainProblems(way, read))).toEqual([]);
    });

    test.each([
      ["kswapd", "kswapd"],
      ["direct-reclaim", "__perform_reclaim"],
      ["memcg-reclaim", "try_to_free_mem_cgroup_pages"],
    ])("from %s set out in %s() and use labelled calls only", (context, root) => {
      const way = waysFrom(context).find((each) => each.chain.some((link) => link.function === root));
      expect(way, `no way in from ${root}()`).toBeDefined();
      const unknown = (way?.chain ?? []).map(({ file, line, function: fn }) => `${file}:${line} ${fn}`);
      expect(unknown.filter((call) => !labelledCalls.has(call))).toEqual([]);
    });

    test("include umount, drop_caches and iput()", () => {
      for (const context of ["umount", "drop-caches", "iput"]) expect(waysFrom(context), context).not.toEqual([]);
    });
  });

  describe("known bugs", () => {
    const find = (rule: string, filesystem: string) =>
      review.findings.filter((finding) => finding.rule === rule && finding.filesystem === filesystem);
    /** Functions, source lines and effects of chains and ends. */
    const wordsOf = (findings: readonly Finding[]) =>
      findings
        .flatMap(({ chain, ends }) => [
          ...[...chain, ...ends].flatMap((link) => [link.function, read(link.file)?.split("\n")[link.line - 1] ?? ""]),
          ...ends.map((end) => end.what),
        ])
        .join("\n");
    const RECLAIM = ["kswapd", "direct-reclaim", "memcg-reclaim"];

    test("the reported one: ext4's eviction allocates without fail in kswapd, down to bdev_getblk()", () => {
      const findings = find("nofail-under-memalloc", "fs/ext4").filter(
        (finding) => finding.function === "ext4_evict_inode",
      );
      expect(findings.length).toBeGreaterThan(0);
      for (const finding of findings) expect(finding.contexts).toEqual(expect.arrayContaining(RECLAIM));
      // bdev_getblk() may be named, or the inline functions that end in it.
      expect(wordsOf(findings)).toMatch(/\b(bdev_getblk|__getblk\w*|sb_getblk|__bread_gfp|sb_bread\w*)\b/);
    });

    test("the same for fat, by way of sb_bread()", () => {
      const findings = find("nofail-under-memalloc", "fs/fat");
      expect(findings.length).toBeGreaterThan(0);
      expect(wordsOf(findings)).toMatch(/sb_bread|sb_getblk/);
    });

    test("iput()'s lazytime dirtying is one finding of fs/inode.c", () => {
      const findings = find("dirty-under-memalloc", "fs/inode.c").filter((finding) => finding.function === "iput");
      expect(findings).toHaveLength(1);
      expect(findings[0]?.contexts).toEqual(expect.arrayContaining(["kswapd", "direct-reclaim"]));
    });

    test("overlayfs drops a lower inode in reclaim", () => {
      expect(find("iput-under-evict", "fs/overlayfs").some(({ contexts }) => contexts.includes("kswapd"))).toBe(true);
    });

    test("XFS defers from ->destroy_inode, a warning because its own cache keeps lookups in order", () => {
      const findings = find("work-after-unhash", "fs/xfs");
      expect(findings.map(({ operation, staticSeverity }) => `${operation} ${staticSeverity}`)).toContain(
        "destroy_inode warning",
      );
      expect(findings.map((finding) => finding.message).join(" ")).toMatch(/index of its own|own cache|private/);
    });
  });

  describe("mutants", () => {
    test.each(groupMutants(STATIC_MUTANTS).map((group, index) => [index + 1, group] as const))(
      "group %i is told right",
      async (_, group) => {
        const overlay = overlayOf(group, read);
        for (const [path, text] of overlay) session.setDocument(path, text);
        let mutated: Review;
        try {
          mutated = await reviewNow(session);
        } finally {
          for (const path of overlay.keys()) session.setDocument(path, null);
        }
        expect(group.flatMap((mutant) => verdictProblems(mutant, review, mutated))).toEqual([]);
      },
      300_000,
    );

    test("leave nothing behind: the review afterwards is the one before", async () => {
      const after = await reviewNow(session);
      expect(after.findings.map((finding) => finding.id).sort()).toEqual(
        review.findings.map((finding) => finding.id).sort(),
      );
    }, 300_000);
  });
});

/** What is wrong with the verdict on one mutant, given the reviews before and after. */
function verdictProblems(mutant: Mutant, before: Review, after: Review): string[] {
  const known = new Set(before.findings.map((finding) => finding.id));
  const counts = (finding: Finding) =>
    mutant.rule === "deferred-work" || finding.staticSeverity === "error" || finding.staticSeverity === "warning";
  const fresh = after.findings.filter(
    (finding) =>
      finding.rule === mutant.rule &&
      finding.filesystem === mutant.filesystem &&
      !known.has(finding.id) &&
      counts(finding),
  );
  if (mutant.found && fresh.length === 0) return [`not found: ${mutant.id}`];
  if (!mutant.found && fresh.length > 0) {
    return [
      `false alarm: ${mutant.id}: ${fresh.map(({ file, line, message }) => `${file}:${line} ${message}`).join("; ")}`,
    ];
  }
  return [];
}
