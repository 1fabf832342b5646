/** A filesystem's own lookup and create in the models of its findings: found by who calls what, at their own lines. */
import { describe, expect, test } from "vitest";
import type { RaceModel, Step, ThreadDeclaration } from "../../server/src/core/race/model.ts";
import { createStepper, explore } from "../../server/src/core/race/simulator.ts";
import type { Finding } from "../../server/src/core/report/finding.ts";
import { NEVER_CANCELLED } from "../../server/src/core/text/cancellation.ts";
import { readFixtureTree } from "../support/fixture.ts";
import { reviewNow, sessionOf } from "../support/review.ts";

const FILE = "fs/getfs/inode.c";

const IGET = `
struct inode *getfs_iget(struct super_block *sb, unsigned long ino)
{
	struct inode *inode = iget_locked(sb, ino);
	struct buffer_head *bh;

	if (!inode)
		return ERR_PTR(-ENOMEM);
	if (!(inode->i_state & I_NEW))
		return inode;
	bh = sb_bread(sb, ino);
	if (!bh) {
		iget_failed(inode);
		return ERR_PTR(-EIO);
	}
	brelse(bh);
	unlock_new_inode(inode);
	return inode;
}

static struct dentry *getfs_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	return d_splice_alias(getfs_iget(dir->i_sb, getfs_find(dir, dentry)), dentry);
}
`;

const CREATE = `
static struct inode *getfs_new_inode(struct inode *dir)
{
	struct inode *inode = new_inode(dir->i_sb);

	if (!inode)
		return ERR_PTR(-ENOMEM);
	inode->i_ino = getfs_take_number(dir->i_sb);
	if (insert_inode_locked(inode) < 0) {
		iput(inode);
		return ERR_PTR(-EBUSY);
	}
	mark_inode_dirty(inode);
	return inode;
}

static int getfs_create(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry, umode_t mode, bool excl)
{
	struct inode *inode = getfs_new_inode(dir);

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	d_instantiate_new(dentry, inode);
	return 0;
}
`;

/** Gives its blocks back after the unhash. */
const LATE = `
static void getfs_destroy_inode(struct inode *inode)
{
	mark_buffer_dirty(GETFS_SB(inode->i_sb)->bitmap);
}
`;

const SUPER = (operations: string): string => `
static const struct super_operations getfs_sops = {
	${operations}
};
`;

const METHODS = `
static const struct inode_operations getfs_dir_operations = {
	.lookup = getfs_lookup,
	.create = getfs_create,
};
`;

interface Judged {
  readonly finding: Finding;
  readonly model: RaceModel;
  readonly text: string;
}

async function judged(rule: string, ...parts: readonly string[]): Promise<Judged> {
  const tree = readFixtureTree("sample");
  const text = ["#include <linux/fs.h>", "#include <linux/buffer_head.h>", ...parts].join("\n");
  tree.set(FILE, text);
  const session = sessionOf(tree);
  const { findings } = await reviewNow(session);
  const finding = findings.find((each) => each.filesystem === "fs/getfs" && each.rule === rule)!;
  expect(finding).toBeDefined();
  const model = await session.query({ name: "model", finding }, NEVER_CANCELLED);
  expect(model).not.toHaveProperty("reason");
  return { finding, model: model as RaceModel, text };
}

const threadOf = ({ threads }: RaceModel, name: string): ThreadDeclaration =>
  threads.find((thread) => thread.name === name)!;

/** The source lines that a run comes to in the filesystem's file. */
function linesOf(model: RaceModel, text: string, toggles = {}): string[] {
  const outcome = explore(model, { toggles });
  expect(outcome.verdict).toBe("violated");
  const stepper = createStepper(model, toggles);
  expect(stepper.replay(outcome.trace!.traceString)).not.toHaveProperty("error");
  const lines = text.split("\n");
  return stepper.trace().steps.flatMap(({ file, line }) => (file === FILE ? [lines[line! - 1]!.trim()] : []));
}

function sources(steps: readonly Step[] | undefined, found: string[] = []): string[] {
  for (const step of steps ?? []) {
    if (typeof step === "string") continue;
    if (step.source !== undefined) found.push(`${step.source.file}:${step.source.line}`);
    for (const part of [step.then, step.else, step.loop, ...(step.choose ?? [])]) sources(part, found);
  }
  return found;
}

describe("work after the unhash", () => {
  test("the lookup that meets it is the filesystem's own: where it reads, at its lines", async () => {
    const { model, text } = await judged(
      "work-after-unhash",
      IGET,
      CREATE,
      LATE,
      METHODS,
      SUPER(".destroy_inode = getfs_destroy_inode,"),
    );
    expect(threadOf(model, "lookup").description).toBe(
      "looks the same number up: getfs_lookup() -> getfs_iget() -> iget_locked()",
    );
    const lines = linesOf(model, text);
    expect(lines).toContain("struct inode *inode = iget_locked(sb, ino);");
    expect(lines).toContain("bh = sb_bread(sb, ino);");
    expect(explore(model, {}).invariant).toBe("UNIQ");
  });

  test("so is the create: what it writes, and how it gives up", async () => {
    const { model, text } = await judged(
      "work-after-unhash",
      IGET,
      CREATE,
      LATE,
      METHODS,
      SUPER(".destroy_inode = getfs_destroy_inode,"),
    );
    expect(threadOf(model, "create").description).toBe(
      "a new file gets the number: getfs_create() -> getfs_new_inode() -> insert_inode_locked()",
    );
    const lines = linesOf(model, text, { partner: "create" });
    expect(lines.filter((line) => /insert_inode|mark_inode_dirty|new_inode\(dir/.test(line))).toEqual(
      expect.arrayContaining(["struct inode *inode = new_inode(dir->i_sb);", "mark_inode_dirty(inode);"]),
    );
    expect(explore(model, { toggles: { partner: "create" } }).invariant).toBe("GEN");
  });

  test("an inode that is written before it is inserted is written there", async () => {
    const early = CREATE.replace("\tmark_inode_dirty(inode);\n", "").replace(
      "\tif (insert_inode_locked",
      "\tmark_inode_dirty(inode);\n\tif (insert_inode_locked",
    );
    const { model, text } = await judged(
      "work-after-unhash",
      IGET,
      early,
      LATE,
      METHODS,
      SUPER(".destroy_inode = getfs_destroy_inode,"),
    );
    const lines = linesOf(model, text, { partner: "create" });
    expect(lines).toContain("mark_inode_dirty(inode);");
    expect(lines).not.toContain("if (insert_inode_locked(inode) < 0) {");
  });

  test("an inode that goes into the hash without a look at what is there is created all the same", async () => {
    const blind = CREATE.replace(/\tif \(insert_inode_locked[\s\S]*?\t\}\n/, "\tinsert_inode_hash(inode);\n");
    expect(blind).not.toBe(CREATE);
    const { model, text } = await judged(
      "work-after-unhash",
      IGET,
      blind,
      LATE,
      METHODS,
      SUPER(".destroy_inode = getfs_destroy_inode,"),
    );
    expect(threadOf(model, "create").description).toContain("getfs_new_inode() -> insert_inode_hash()");
    expect(linesOf(model, text, { partner: "create" })).toEqual(
      expect.arrayContaining(["insert_inode_hash(inode);", "mark_inode_dirty(inode);"]),
    );
  });

  test("each step of the filesystem's own functions has its line", async () => {
    const { model, text } = await judged(
      "work-after-unhash",
      IGET,
      CREATE,
      LATE,
      METHODS,
      SUPER(".destroy_inode = getfs_destroy_inode,"),
    );
    const lines = text.split("\n");
    const own = (model.procedures ?? []).filter(({ name }) => name.startsWith("in_"));
    expect(own.map(({ name }) => name)).toEqual(["in_getfs_iget", "in_getfs_new_inode"]);
    const places = own.flatMap(({ steps }) => sources(steps));
    for (const word of [
      "iget_locked",
      "I_NEW",
      "sb_bread",
      "iget_failed",
      "unlock_new_inode",
      "new_inode",
      "insert_inode_locked",
    ])
      expect(
        places.some((place) => lines[Number(place.split(":")[1]) - 1]!.includes(word)),
        word,
      ).toBe(true);
    for (const place of places) expect(place.startsWith(`${FILE}:`)).toBe(true);
  });

  test("a helper that takes the inode and unlocks it is part of the lookup", async () => {
    const split = IGET.replace("\tbh = sb_bread(sb, ino);", "\treturn getfs_fill(inode, ino);\n}\n").replace(
      /\n\tif \(!bh\) \{[\s\S]*?return inode;\n\}\n/,
      "\n",
    );
    const fill = `
static struct inode *getfs_fill(struct inode *new, unsigned long ino)
{
	struct buffer_head *bh = sb_bread(new->i_sb, ino);

	if (!bh) {
		iget_failed(new);
		return ERR_PTR(-EIO);
	}
	brelse(bh);
	unlock_new_inode(new);
	return new;
}
`;
    const { model, text } = await judged(
      "work-after-unhash",
      fill,
      split,
      CREATE,
      LATE,
      METHODS,
      SUPER(".destroy_inode = getfs_destroy_inode,"),
    );
    expect((model.procedures ?? []).map(({ name }) => name)).toContain("in_getfs_fill");
    expect(linesOf(model, text)).toContain("struct buffer_head *bh = sb_bread(new->i_sb, ino);");
  });

  test("of two functions it is the one of the directory that can more", async () => {
    const special = `
static struct inode *getfs_special(struct super_block *sb)
{
	struct inode *inode = iget_locked(sb, 1);

	if (inode && (inode->i_state & I_NEW))
		unlock_new_inode(inode);
	return inode;
}

static struct dentry *getfs_special_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	return d_splice_alias(getfs_special(dir->i_sb), dentry);
}

static const struct inode_operations getfs_special_operations = {
	.lookup = getfs_special_lookup,
};
`;
    const { model } = await judged(
      "work-after-unhash",
      special,
      IGET,
      CREATE,
      LATE,
      METHODS,
      SUPER(".destroy_inode = getfs_destroy_inode,"),
    );
    expect(threadOf(model, "lookup").description).toContain("getfs_iget()");
  });

  test("where I_NEW is cleared nowhere the generic lookup stands in, and the model says so", async () => {
    const never = IGET.replace("\tunlock_new_inode(inode);\n", "").replace("\t\tiget_failed(inode);\n", "");
    const { model } = await judged(
      "work-after-unhash",
      never,
      CREATE.replace("\td_instantiate_new(dentry, inode);\n", ""),
      LATE,
      METHODS,
      SUPER(".destroy_inode = getfs_destroy_inode,"),
    );
    expect(model.assumptions?.join("\n")).toMatch(/own lookup, getfs_iget\(\), is left out: where I_NEW is cleared/);
    expect(threadOf(model, "lookup").description).toBe("iget_locked() of the same number");
  });
});

describe("an edit", () => {
  const asked = { name: "designModel", filesystem: "fs/getfs", design: "sync", question: "lookup" } as const;
  const TEXT = [
    "#include <linux/fs.h>",
    "#include <linux/buffer_head.h>",
    IGET,
    CREATE,
    LATE,
    METHODS,
    SUPER(".destroy_inode = getfs_destroy_inode,"),
  ].join("\n");

  async function opened(): Promise<{ session: ReturnType<typeof sessionOf>; generic: string }> {
    const tree = readFixtureTree("sample");
    tree.set(FILE, TEXT);
    const session = sessionOf(tree);
    await reviewNow(session);
    // What was made before the edit is not to be taken for what is there now.
    await session.query(asked, NEVER_CANCELLED);
    return { session, generic: tree.get("fs/inode.c")! };
  }

  test("of the filesystem's lookup: its steps are those of the new text", async () => {
    const { session } = await opened();
    session.setDocument(FILE, TEXT.replace("\tbh = sb_bread(sb, ino);", "\n\n\tbh = sb_bread(sb, ino + 7);"));
    await reviewNow(session);
    const model = await session.query(asked, NEVER_CANCELLED);
    expect(JSON.stringify(model)).toContain("sb_bread(sb, ino + 7)");
  });

  test("of fs/inode.c: the generic steps around it are those of the new text", async () => {
    const { session, generic } = await opened();
    const without = generic.replace(/(remove_inode_hash\(inode\);[\s\S]*?)inode_wake_up_bit\(inode, __I_NEW\);/, "$1");
    expect(without).not.toBe(generic);
    session.setDocument("fs/inode.c", without);
    await reviewNow(session);
    const model = (await session.query({ ...asked, filesystem: "fs/jnlfs" }, NEVER_CANCELLED))!;
    expect(explore(model)).toMatchObject({ verdict: "violated" });
  });
});
