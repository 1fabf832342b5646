/** Verdicts on a real tree: every finding of Linux 6.12 has one, the reported bug is confirmed, nothing true is lowered. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { DesignTable } from "../../server/src/core/extract/filesystem/design-table.ts";
import { type FindingVerdict, withVerdict } from "../../server/src/core/extract/filesystem/verdict.ts";
import type { RaceModel } from "../../server/src/core/race/model.ts";
import { explore } from "../../server/src/core/race/simulator.ts";
import type { Finding, Review } from "../../server/src/core/report/finding.ts";
import { NEVER_CANCELLED } from "../../server/src/core/text/cancellation.ts";
import type { ReviewSession } from "../../server/src/index/review-session.ts";
import { describeWith, pathOf } from "../support/requirements.ts";
import { reviewNow, sessionOf } from "../support/review.ts";

describeWith("kernel-6.12", "verdicts on Linux 6.12", () => {
  let session: ReviewSession;
  let review: Review;
  const verdicts = new Map<string, FindingVerdict>();
  const of = (finding: Finding): FindingVerdict => verdicts.get(finding.id)!;
  const say = ({ rule, file, line }: Finding): string => `${rule} ${file}:${line}`;

  beforeAll(async () => {
    session = sessionOf(pathOf("kernel-6.12"));
    review = await reviewNow(session);
    for (const finding of review.findings) {
      const verdict = await session.query({ name: "verdict", finding }, NEVER_CANCELLED);
      if (verdict !== null) verdicts.set(finding.id, verdict);
    }
  }, 1_200_000);

  test("every finding has one", () => {
    expect(review.findings.length).toBeGreaterThan(400);
    const without = review.findings.filter(
      (finding) => !["violated", "holds"].includes(of(finding).simulation.verdict),
    );
    expect(without.map((finding) => `${say(finding)}: ${of(finding).simulation.assumptions.join("; ")}`)).toEqual([]);
  });

  test("ext4's reported bug: dirtied, and allocated without a way to fail, in reclaim", () => {
    const ofExt4 = review.findings.filter(({ filesystem }) => filesystem === "fs/ext4");
    for (const [rule, invariant] of [
      ["dirty-under-memalloc", "DIRT"],
      ["nofail-under-memalloc", "RECL"],
    ] as const) {
      const findings = ofExt4.filter((finding) => finding.rule === rule);
      expect(findings.length).toBeGreaterThan(3);
      for (const finding of findings)
        expect(of(finding).simulation, say(finding)).toMatchObject({ verdict: "violated", invariant });
    }
  });

  test("nothing is lowered: whatever holds here rests on an assumption, or was a hint before", () => {
    const changed = review.findings.filter((finding) => {
      const after = withVerdict(finding, of(finding));
      return after.severity !== finding.severity || after.staticSeverity !== finding.staticSeverity;
    });
    expect(changed.map(say)).toEqual([]);
  });

  test("each step that names a place names a line of the tree", async () => {
    const lines = new Map<string, readonly string[]>();
    const textAt = (file: string, line: number): string | undefined => {
      let text = lines.get(file);
      if (text === undefined) {
        text = readFileSync(join(pathOf("kernel-6.12"), file), "utf8").split("\n");
        lines.set(file, text);
      }
      return text[line - 1];
    };
    const wrong: string[] = [];
    const visit = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return;
      const { source } = value as { source?: { file: string; line: number } };
      if (source !== undefined && (textAt(source.file, source.line) ?? "").trim() === "")
        wrong.push(`${source.file}:${source.line}`);
      for (const each of Object.values(value)) visit(each);
    };
    for (const finding of review.findings.filter(({ filesystem }) => /ext4|xfs|btrfs|gfs2/.test(filesystem)))
      visit((await session.query({ name: "model", finding }, NEVER_CANCELLED)) as RaceModel);
    expect(wrong).toEqual([]);
  });

  test("the designs on ext4's own steps: only handing on before the unhash answers both questions", async () => {
    const table: DesignTable = (await session.query({ name: "designs", filesystem: "fs/ext4" }, NEVER_CANCELLED))!;
    const answers = Object.fromEntries(
      table.designs.map(({ id, cells }) => [
        id,
        Object.fromEntries(cells.map(({ question, run }) => [question, run?.invariant ?? run?.verdict])),
      ]),
    );
    expect(answers).toMatchObject({
      sync: { lookup: "holds", umount: "holds" },
      "async-before-unhash": { reclaim: "holds", lookup: "holds", umount: "holds" },
      "async-after-unhash": { reclaim: "holds", lookup: "UNIQ" },
    });
    for (const design of ["sync", "kswapd-only", "reserves"])
      expect(["DIRT", "RECL"], design).toContain(answers[design]?.reclaim);
    // ext4_free_inode() is the last thing that is done to the inode on disk (fs/ext4/ialloc.c).
    expect(answers.sync?.create).toBe("holds");
  });

  test.each([
    ["fs/ext4", "lookup", "ext4_lookup() -> ext4_iget() -> __ext4_iget() -> iget_locked()"],
    [
      "fs/ext4",
      "create",
      "ext4_create() -> ext4_new_inode_start_handle() -> __ext4_new_inode() -> insert_inode_locked()",
    ],
    ["fs/ext2", "lookup", "ext2_lookup() -> ext2_iget() -> iget_locked()"],
    ["fs/ext2", "create", "ext2_create() -> ext2_new_inode() -> insert_inode_locked()"],
    [
      "fs/btrfs",
      "lookup",
      "btrfs_lookup() -> btrfs_lookup_dentry() -> btrfs_iget() -> btrfs_iget_path() -> btrfs_iget_locked() -> iget5_locked_rcu()",
    ],
    ["fs/nilfs2", "lookup", "nilfs_lookup() -> nilfs_iget() -> nilfs_iget_locked() -> iget5_locked()"],
    ["fs/jfs", "create", "jfs_create() -> ialloc() -> insert_inode_locked()"],
    ["fs/minix", "create", "minix_create() -> minix_mknod() -> minix_new_inode() -> insert_inode_hash()"],
    ["fs/udf", "create", "udf_create() -> udf_new_inode() -> insert_inode_locked()"],
    ["fs/overlayfs", "lookup", "ovl_lookup() -> ovl_get_inode() -> ovl_iget5() -> inode_insert5/iget5_locked()"],
    // Its index is its own: the generic lookup stands in, which waits for that index.
    ["fs/xfs", "lookup", "iget_locked() of the same number"],
  ] as const)("%s, %s: the filesystem's own functions, none of them left out", async (filesystem, question, way) => {
    const model: RaceModel = (await session.query(
      { name: "designModel", filesystem, design: "sync", question },
      NEVER_CANCELLED,
    ))!;
    expect(model.threads.find(({ name }) => name === question)?.description).toContain(way);
    expect(model.assumptions?.filter((text) => /left out/.test(text))).toEqual([]);
  });

  test.each([
    // Their ->lookup waits for the inode with the lock held that the eviction of a deleted inode takes (fs/bfs/dir.c, inode.c).
    ["fs/bfs", "lookup", "bfs_sb_info.bfs_lock"],
    ["fs/hpfs", "lookup", "hpfs_sb_info.hpfs_mutex"],
    ["fs/ufs", "create", "ufs_sb_info.s_lock"],
  ] as const)(
    "%s, %s: no deadlock by %s, since names lead to inodes with links",
    async (filesystem, question, lock) => {
      const model: RaceModel = (await session.query(
        { name: "designModel", filesystem, design: "sync", question },
        NEVER_CANCELLED,
      ))!;
      expect(model.variables?.map(({ description }) => description)).toContain(`${lock} is held`);
      expect(explore(model).verdict).toBe("holds");
    },
  );

  test("ext4, create: insert_inode_locked() in a transaction steps over the inode that is freed, so no deadlock", async () => {
    const asked = { name: "designModel", filesystem: "fs/ext4", design: "sync", question: "create" } as const;
    const model: RaceModel = (await session.query(asked, NEVER_CANCELLED))!;
    expect(model.variables?.map(({ name }) => name)).toContain("handles_jbd2");
    expect(model.invariants).toContain("PROG");
    expect(explore(model).verdict).toBe("holds");
  });

  test.each([
    [
      "fs/bfs",
      "fs/bfs/inode.c",
      "\tif (inode->i_nlink)\n\t\treturn;\n\n\tdi = find_inode",
      "\tdi = find_inode",
      ["lookup fs/bfs/dir.c mutex_lock(&info->bfs_lock);", "evictor fs/bfs/inode.c mutex_lock(&info->bfs_lock);"],
    ],
    [
      "fs/hpfs",
      "fs/hpfs/inode.c",
      "\tif (!inode->i_nlink) {\n\t\thpfs_lock",
      "\t{\n\t\thpfs_lock",
      ["lookup fs/hpfs/dir.c hpfs_lock(dir->i_sb);", "evictor fs/hpfs/inode.c hpfs_lock(inode->i_sb);"],
    ],
    [
      "fs/ext4",
      "fs/ext4/inode.c",
      "\t\tinode = iget_locked(sb, ino);\n",
      `\t\thandle_t *handle = ext4_journal_start_sb(sb, EXT4_HT_MISC, 1);

\t\tif (IS_ERR(handle))
\t\t\treturn ERR_CAST(handle);
\t\tinode = iget_locked(sb, ino);
\t\text4_journal_stop(handle);
`,
      [
        "lookup fs/ext4/inode.c handle_t *handle = ext4_journal_start_sb(sb, EXT4_HT_MISC, 1);",
        "commit fs/jbd2/commit.c commit_transaction->t_state = T_LOCKED;",
        // ext4_acquire_dquot() starts one, too, before the eviction itself does.
        "evictor fs/ext4/inode.c dquot_initialize(inode);",
      ],
    ],
  ] as const)(
    "%s with that lock taken for inodes with links, too, or a transaction open: a deadlock with the lookup",
    async (filesystem, file, from, to, own) => {
      const before = readFileSync(join(pathOf("kernel-6.12"), file), "utf8");
      const text = before.replace(from, to);
      expect(text).not.toBe(before);
      session.setDocument(file, text);
      try {
        await reviewNow(session);
        const asked = { name: "designModel", filesystem, design: "sync", question: "lookup" } as const;
        const model: RaceModel = (await session.query(asked, NEVER_CANCELLED))!;
        const outcome = explore(model);
        expect(outcome).toMatchObject({ verdict: "violated", invariant: "PROG" });
        const textAt = (path: string, line: number): string =>
          (path === file ? text : readFileSync(join(pathOf("kernel-6.12"), path), "utf8"))
            .split("\n")
            [line - 1]!.trim();
        const steps = outcome.trace!.steps.map(({ thread, file: path, line }) =>
          path === undefined || line === undefined ? "" : `${thread} ${path} ${textAt(path, line)}`,
        );
        for (const step of own) expect(steps).toContain(step);
      } finally {
        session.setDocument(file, null);
        await reviewNow(session);
      }
    },
  );
});
