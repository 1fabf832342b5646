/** Transactions of a filesystem's journal that tie its lookups to its evictions, or one eviction to another inside it. */
import { describe, expect, test } from "vitest";
import type { RaceModel } from "../../server/src/core/race/model.ts";
import { explore } from "../../server/src/core/race/simulator.ts";
import { modelOfFinding, modelOfToday, reviewedWith, runOf } from "../support/own-filesystem.ts";

const FILE = "fs/logfs/inode.c";

interface Parts {
  readonly iget?: string;
  readonly evict?: string;
  readonly more?: string;
  /** Of the directories. */
  readonly methods?: string;
}

const START = `	handle = jbd2_journal_start(LOGFS_SB(sb)->journal, 1);
	if (IS_ERR(handle))
		return ERR_CAST(handle);
`;
const STOP = "	jbd2_journal_stop(handle);\n";
const GETS = "	inode = iget_locked(sb, ino);\n";
const EVICT = `	handle = jbd2_journal_start(LOGFS_SB(inode->i_sb)->journal, 8);
	if (IS_ERR(handle)) {
		clear_inode(inode);
		return;
	}
	jbd2_journal_dirty_metadata(handle, LOGFS_SB(inode->i_sb)->bitmap);
	jbd2_journal_stop(handle);
`;

/** The function that names and file handles come to has the transaction open itself, so deleted inodes count, too. */
const textOf = ({
  iget = START + GETS + STOP,
  evict = EVICT,
  more = "",
  methods = "",
}: Parts): string => `#include <linux/fs.h>
#include <linux/buffer_head.h>

struct logfs_inode_info {
	struct inode *parent;
	struct inode vfs_inode;
};

struct logfs_sb_info {
	struct journal_s *journal;
	struct rw_semaphore log_sem;
	struct buffer_head *bitmap;
};

static struct logfs_inode_info *LOGFS_I(struct inode *inode)
{
	return container_of(inode, struct logfs_inode_info, vfs_inode);
}

static struct logfs_sb_info *LOGFS_SB(struct super_block *sb)
{
	return sb->s_fs_info;
}
${more}
static struct inode *logfs_iget(struct super_block *sb, unsigned long ino, int flags)
{
	handle_t *handle = NULL;
	struct buffer_head *bh;
	struct inode *inode;

${iget}
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

static struct dentry *logfs_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	return d_splice_alias(logfs_iget(dir->i_sb, logfs_find(dir, dentry), 0), dentry);
}

static void logfs_evict_inode(struct inode *inode)
{
	handle_t *handle;
	int err;

	truncate_inode_pages_final(&inode->i_data);
${evict}
	clear_inode(inode);
}

static const struct inode_operations logfs_dir_operations = {
	.lookup = logfs_lookup,
	${methods}
};

static const struct export_operations logfs_export_operations = {
	.fh_to_dentry = logfs_fh_to_dentry,
};

static const struct super_operations logfs_sops = {
	.evict_inode = logfs_evict_inode,
};
`;

async function lookupModel(parts: Parts): Promise<{ model: RaceModel; text: string }> {
  const text = textOf(parts);
  const { session } = await reviewedWith(FILE, text);
  return { model: await modelOfToday(session, "fs/logfs", "lookup"), text };
}

describe("a lookup that waits for the inode", () => {
  test("in a transaction, and the eviction starts one: a deadlock by way of the commit", async () => {
    const { model, text } = await lookupModel({});
    expect(explore(model)).toMatchObject({ verdict: "violated", invariant: "PROG" });
    const run = runOf(model, FILE, text);
    expect(run).toContain("lookup: handle = jbd2_journal_start(LOGFS_SB(sb)->journal, 1);");
    expect(run).toContain("lookup: inode = iget_locked(sb, ino);");
    expect(run).toContain("commit: the commit lets no new handle in");
    expect(run).toContain("evictor: handle = jbd2_journal_start(LOGFS_SB(inode->i_sb)->journal, 8);");
  });

  test.each<readonly [string, Parts]>([
    ["one that it has ended before", { iget: START + STOP + GETS }],
    [
      "one that could not be started",
      {
        iget: `	handle = jbd2_journal_start(LOGFS_SB(sb)->journal, 1);
	if (IS_ERR(handle)) {
		inode = iget_locked(sb, ino);
	} else {
		jbd2_journal_stop(handle);
		inode = iget_locked(sb, ino);
	}
`,
      },
    ],
    ["and the eviction starts none", { evict: "	sync_dirty_buffer(LOGFS_SB(inode->i_sb)->bitmap);\n" }],
    ["one that the function does not start itself", { iget: `	handle = jbd2_journal_current(sb);\n${GETS}` }],
  ])("%s: none", async (_, parts) => {
    const { model } = await lookupModel(parts);
    expect(explore(model)).toMatchObject({ verdict: "holds" });
  });

  test.each<readonly [string, Parts]>([
    [
      "a transaction for some lookups only, which the code tells by its handle",
      {
        iget: `	if (flags) {\n${START}	}\n${GETS}	if (handle)\n		jbd2_journal_stop(handle);\n`,
      },
    ],
    [
      "one whose start answers an error code",
      {
        iget: `	if (nilfs_transaction_begin(sb, NULL, 0))\n		return NULL;\n${GETS}	nilfs_transaction_commit(sb);\n`,
        evict: `	err = nilfs_transaction_begin(inode->i_sb, NULL, 0);
	if (!err) {
		mark_buffer_dirty(LOGFS_SB(inode->i_sb)->bitmap);
		nilfs_transaction_commit(inode->i_sb);
	}
`,
        more: LOG("nilfs_transaction_begin(struct super_block *sb, void *info, int check)"),
      },
    ],
    [
      "one that functions of the filesystem's start and stop",
      {
        iget: `	logfs_begin(sb);\n${GETS}	logfs_end(sb);\n`,
        more: `
static void logfs_begin(struct super_block *sb)
{
	jbd2_journal_start(LOGFS_SB(sb)->journal, 1);
}

static void logfs_end(struct super_block *sb)
{
	jbd2_journal_stop(journal_current_handle());
}
`,
      },
    ],
    [
      "one that is started below a call of the eviction",
      {
        evict: "	logfs_release(inode);\n",
        more: `
static void logfs_release(struct inode *inode)
{
	handle_t *handle;

${EVICT.replace("		clear_inode(inode);\n", "")}}
`,
      },
    ],
  ])("%s: a deadlock, too", async (_, parts) => {
    const { model } = await lookupModel(parts);
    expect(explore(model)).toMatchObject({ verdict: "violated", invariant: "PROG" });
  });

  test("what is started for some of them and ended by nobody is left out, and the model says so", async () => {
    const { model } = await lookupModel({
      iget: `	if (flags) {\n${START}	}\n${GETS}	if (flags)\n		jbd2_journal_stop(handle);\n`,
    });
    expect(explore(model).verdict).toBe("holds");
    expect(model.assumptions?.join("\n")).toMatch(/the open transaction of jbd2 depends on the way: it is left out/);
  });
});

describe("a create in a transaction, whose insert_inode_locked() steps over the inode that is freed", () => {
  const create = (stop: string): string => `
static int logfs_free_inode(handle_t *handle, struct inode *inode)
{
	return jbd2_journal_dirty_metadata(handle, LOGFS_SB(inode->i_sb)->bitmap);
}

static int logfs_create(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry, umode_t mode, bool excl)
{
	handle_t *handle = NULL;
	struct inode *inode;
	int err = 0;

	if (mode) {
		handle = jbd2_journal_start(LOGFS_SB(dir->i_sb)->journal, 8);
		if (IS_ERR(handle))
			return PTR_ERR(handle);
	}
	inode = new_inode(dir->i_sb);
	inode->i_ino = logfs_take_number(dir->i_sb);
	if (insert_inode_locked(inode) < 0) {
		iput(inode);
		err = -EBUSY;
		goto out;
	}
	mark_inode_dirty(inode);
	d_instantiate_new(dentry, inode);
out:
${stop}	return err;
}
`;
  const evict = `${EVICT.replace("	jbd2_journal_stop", "	logfs_free_inode(handle, inode);\n	jbd2_journal_stop")}${EVICT}`;

  async function createModel(stop: string): Promise<RaceModel> {
    const text = textOf({ iget: GETS, evict, more: create(stop), methods: ".create = logfs_create," });
    const { session } = await reviewedWith(FILE, text);
    return modelOfToday(session, "fs/logfs", "create");
  }

  test("and that ends what it has started: no handle is left behind where a start fails or was not made", async () => {
    const model = await createModel("	if (handle)\n		jbd2_journal_stop(handle);\n");
    expect(model.variables?.map(({ name }) => name)).toContain("handles_jbd2");
    expect(explore({ ...model, invariants: ["PROG"] })).toMatchObject({ verdict: "holds" });
  });

  test("and that may not end it: left out, with an assumption", async () => {
    const model = await createModel("	if (!err)\n		jbd2_journal_stop(handle);\n");
    expect(model.variables?.map(({ name }) => name)).not.toContain("handles_jbd2");
    expect(model.assumptions?.join("\n")).toMatch(/the open transaction of jbd2 depends on the way: it is left out/);
  });
});

/** A start that waits for a semaphore of the journal's. */
function LOG(head: string): string {
  return `
int ${head}
{
	down_read(&LOGFS_SB(sb)->log_sem);
	return 0;
}
`;
}

describe("a reference that is dropped in a transaction", () => {
  const DROPS = "	iput(LOGFS_I(inode)->parent);\n";

  /** What decides here is progress alone: that the inner eviction waits in reclaim is another question. */
  async function nestedModel(parts: Parts): Promise<{ model: RaceModel; text: string }> {
    const text = textOf(parts);
    const model = await modelOfFinding(await reviewedWith(FILE, text), "fs/logfs", "iput-under-evict");
    return { model: { ...model, invariants: ["PROG"] }, text };
  }

  test("whose eviction starts one inside it: it nests, and waits for no commit", async () => {
    const { model } = await nestedModel({
      iget: GETS,
      evict: EVICT.replace("	jbd2_journal_stop", `${DROPS}	jbd2_journal_stop`),
    });
    expect(JSON.stringify(model.procedures)).toContain("has a handle of jbd2 for B");
    expect(explore(model)).toMatchObject({ verdict: "holds" });
  });

  const NO_NESTING = `	err = gfs2_trans_begin(inode->i_sb, 1, 0);
	mark_buffer_dirty(LOGFS_SB(inode->i_sb)->bitmap);
	sync_dirty_buffer(LOGFS_SB(inode->i_sb)->bitmap);
`;
  const END = "	gfs2_trans_end(inode->i_sb);\n";
  const BEGIN = LOG("gfs2_trans_begin(struct super_block *sb, unsigned int blocks, unsigned int revokes)");

  test("and one that does not nest waits for the commit, which waits for the first", async () => {
    const { model, text } = await nestedModel({ iget: GETS, evict: NO_NESTING + DROPS + END, more: BEGIN });
    expect(explore(model)).toMatchObject({ verdict: "violated", invariant: "PROG" });
    const run = runOf(model, FILE, text).map((step) => step.replace(/^[^:]*: /, ""));
    expect(run.filter((step) => step.startsWith("err = gfs2_trans_begin"))).toHaveLength(3);
    expect(run).toContain("iput(LOGFS_I(inode)->parent);");
  });

  test("and not where the first has been ended before", async () => {
    const { model } = await nestedModel({ iget: GETS, evict: NO_NESTING + END + DROPS, more: BEGIN });
    expect(explore(model)).toMatchObject({ verdict: "holds" });
  });
});
