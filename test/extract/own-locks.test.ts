/** Locks of a filesystem that tie its lookups to its evictions, or one eviction to another inside it. */
import { describe, expect, test } from "vitest";
import type { RaceModel } from "../../server/src/core/race/model.ts";
import { explore } from "../../server/src/core/race/simulator.ts";
import { modelOfFinding, modelOfToday, ownRunOf, reviewedWith } from "../support/own-filesystem.ts";

const FILE = "fs/lockfs/inode.c";

interface Parts {
  readonly lookup?: string;
  readonly iget?: string;
  readonly evict?: string;
  readonly more?: string;
}

const HEAD = `#include <linux/fs.h>
#include <linux/buffer_head.h>
#include <linux/mutex.h>

struct lockfs_inode_info {
	struct mutex mutex;
	struct rw_semaphore sem;
	struct inode *parent;
	struct inode vfs_inode;
};

struct lockfs_sb_info {
	struct mutex big_lock;
	struct rw_semaphore sem;
	struct buffer_head *bitmap;
};

static struct lockfs_inode_info *LOCKFS_I(struct inode *inode)
{
	return container_of(inode, struct lockfs_inode_info, vfs_inode);
}

static struct lockfs_sb_info *LOCKFS_SB(struct super_block *sb)
{
	return sb->s_fs_info;
}

static void lock_lockfs(struct super_block *sb)
{
	mutex_lock(&LOCKFS_SB(sb)->big_lock);
}

static void unlock_lockfs(struct super_block *sb)
{
	mutex_unlock(&LOCKFS_SB(sb)->big_lock);
}
`;

const LOOKUP = `	mutex_lock(&LOCKFS_SB(dir->i_sb)->big_lock);
	inode = lockfs_iget(dir->i_sb, lockfs_find(dir, dentry));
	mutex_unlock(&LOCKFS_SB(dir->i_sb)->big_lock);`;

const EVICT = `	mutex_lock(&LOCKFS_SB(inode->i_sb)->big_lock);
	mark_buffer_dirty(LOCKFS_SB(inode->i_sb)->bitmap);
	mutex_unlock(&LOCKFS_SB(inode->i_sb)->big_lock);`;

const IGET = `	inode = iget_locked(sb, ino);`;

const textOf = ({ lookup = LOOKUP, iget = IGET, evict = EVICT, more = "" }: Parts): string => `${HEAD}
static struct inode *lockfs_iget(struct super_block *sb, unsigned long ino)
{
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

static struct dentry *lockfs_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	struct inode *inode;

${lookup}
	return d_splice_alias(inode, dentry);
}

static void lockfs_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
${evict}
	clear_inode(inode);
}

static const struct inode_operations lockfs_dir_operations = {
	.lookup = lockfs_lookup,
};

static const struct super_operations lockfs_sops = {
	.evict_inode = lockfs_evict_inode,
};
${more}`;

async function lookupModel(parts: Parts): Promise<{ model: RaceModel; text: string }> {
  const text = textOf(parts);
  const { session } = await reviewedWith(FILE, text);
  return { model: await modelOfToday(session, "fs/lockfs", "lookup"), text };
}

/** `locked` in place of the mutex. */
const asRwsem = (text: string, how: "read" | "write"): string =>
  text
    .replaceAll("mutex_lock", `down_${how}`)
    .replaceAll("mutex_unlock", `up_${how}`)
    .replaceAll("->big_lock", "->sem");

describe("a lookup of a name that waits for the inode", () => {
  test("with a lock held that the eviction takes: a deadlock, at the filesystem's own lines", async () => {
    const { model, text } = await lookupModel({});
    expect(explore(model)).toMatchObject({ verdict: "violated", invariant: "PROG" });
    const steps = ownRunOf(model, FILE, text);
    expect(steps).toContain("lookup: mutex_lock(&LOCKFS_SB(dir->i_sb)->big_lock);");
    expect(steps).toContain("lookup: inode = iget_locked(sb, ino);");
    expect(steps).toContain("evictor: mutex_lock(&LOCKFS_SB(inode->i_sb)->big_lock);");
  });

  test.each<readonly [string, Parts]>([
    [
      "with the lock given back before",
      {
        lookup: `	mutex_lock(&LOCKFS_SB(dir->i_sb)->big_lock);
	ino = lockfs_find(dir, dentry);
	mutex_unlock(&LOCKFS_SB(dir->i_sb)->big_lock);
	inode = lockfs_iget(dir->i_sb, ino);`,
      },
    ],
    [
      "which the inner function gives back around the wait",
      {
        iget: `	mutex_unlock(&LOCKFS_SB(sb)->big_lock);
	inode = iget_locked(sb, ino);
	mutex_lock(&LOCKFS_SB(sb)->big_lock);`,
      },
    ],
    [
      "and the eviction only tries to take it",
      {
        evict: EVICT.replace("\tmutex_lock(", "\tif (!mutex_trylock(").replace(
          "big_lock);",
          "big_lock))\n\t\treturn clear_inode(inode);",
        ),
      },
    ],
    ["and only the eviction of a deleted inode takes it", { evict: `	if (!inode->i_nlink) {\n${EVICT}\n	}` }],
    ["and both only read", { lookup: asRwsem(LOOKUP, "read"), evict: asRwsem(EVICT, "read") }],
    ["and the eviction takes another", { evict: EVICT.replaceAll("->big_lock", "->other_lock") }],
    [
      "and each takes its inode's",
      {
        lookup: LOOKUP.replaceAll("LOCKFS_SB(dir->i_sb)->big_lock", "LOCKFS_I(dir)->mutex"),
        evict: EVICT.replaceAll("LOCKFS_SB(inode->i_sb)->big_lock", "LOCKFS_I(inode)->mutex"),
      },
    ],
  ])("%s: none", async (_, parts) => {
    const { model } = await lookupModel(parts);
    expect(explore(model)).toMatchObject({ verdict: "holds" });
  });

  test.each<readonly [string, Parts]>([
    ["one reads and the other writes", { lookup: asRwsem(LOOKUP, "read"), evict: asRwsem(EVICT, "write") }],
    [
      "functions of the filesystem's take it",
      {
        lookup: LOOKUP.replace(/mutex_lock\(.*\);/, "lock_lockfs(dir->i_sb);").replace(
          /mutex_unlock\(.*\);/,
          "unlock_lockfs(dir->i_sb);",
        ),
      },
    ],
    [
      "the scope of a guard holds it",
      {
        lookup:
          "	guard(mutex)(&LOCKFS_SB(dir->i_sb)->big_lock);\n	inode = lockfs_iget(dir->i_sb, lockfs_find(dir, dentry));",
      },
    ],
    [
      "a helper of the eviction takes it",
      {
        evict: "	lockfs_release(inode);",
        more: `
void lockfs_release(struct inode *inode)
{
${EVICT}
}
`,
      },
    ],
    [
      "only a deleted inode's eviction takes it, and the function that file handles come to holds it itself",
      {
        lookup: "	inode = lockfs_iget(dir->i_sb, lockfs_find(dir, dentry));",
        iget: `	mutex_lock(&LOCKFS_SB(sb)->big_lock);
	inode = iget_locked(sb, ino);
	mutex_unlock(&LOCKFS_SB(sb)->big_lock);`,
        evict: `	if (!inode->i_nlink) {\n${EVICT}\n	}`,
        more: `
static const struct export_operations lockfs_export_operations = {
	.fh_to_dentry = lockfs_fh_to_dentry,
};
`,
      },
    ],
  ])("%s: a deadlock, too", async (_, parts) => {
    const { model } = await lookupModel(parts);
    expect(explore(model)).toMatchObject({ verdict: "violated", invariant: "PROG" });
  });

  test("held on some ways only: it is left out, and the model says so", async () => {
    const lookup = LOOKUP.replace("\tmutex_lock", "\tif (flags)\n\t\tmutex_lock").replace(
      "\tmutex_unlock",
      "\tif (flags)\n\t\tmutex_unlock",
    );
    const { model } = await lookupModel({ lookup });
    expect(explore(model).verdict).toBe("holds");
    expect(model.assumptions?.join("\n")).toMatch(/lockfs_sb_info\.big_lock depends on the way: it is left out/);
  });
});

describe("a reference that is dropped with a lock held", () => {
  const LOCK = "	mutex_lock(&LOCKFS_SB(inode->i_sb)->big_lock);\n";
  const UNLOCK = "	mutex_unlock(&LOCKFS_SB(inode->i_sb)->big_lock);\n";
  const DIRTIES =
    "	mark_buffer_dirty(LOCKFS_SB(inode->i_sb)->bitmap);\n	sync_dirty_buffer(LOCKFS_SB(inode->i_sb)->bitmap);\n";
  const DROPS = "	iput(LOCKFS_I(inode)->parent);\n";

  async function nestedModel(evict: string): Promise<{ model: RaceModel; text: string }> {
    const text = textOf({ evict });
    return { model: await modelOfFinding(await reviewedWith(FILE, text), "fs/lockfs", "iput-under-evict"), text };
  }

  test("that the eviction inside takes, too: it waits for itself, at its own lines", async () => {
    const { model, text } = await nestedModel(LOCK + DIRTIES + DROPS + UNLOCK);
    expect(explore(model)).toMatchObject({ verdict: "violated", invariant: "PROG" });
    const steps = ownRunOf(model, FILE, text).map((step) => step.replace(/^[^:]*: /, ""));
    expect(steps.filter((step) => step.startsWith("mutex_lock"))).toHaveLength(3);
    expect(steps).toContain("iput(LOCKFS_I(inode)->parent);");
  });

  test("and given back before: what is left is that it waits in reclaim", async () => {
    const { model } = await nestedModel(LOCK + DIRTIES + UNLOCK + DROPS);
    expect(explore(model)).toMatchObject({ verdict: "violated", invariant: "RECL" });
  });

  test("that the eviction inside takes for some inodes only: no deadlock is claimed, and the model says why", async () => {
    const { model } = await nestedModel(`	if (inode->i_size) {\n${LOCK + DIRTIES + DROPS + UNLOCK}	}\n`);
    expect(explore(model)).toMatchObject({ verdict: "violated", invariant: "RECL" });
    expect(model.assumptions?.join("\n")).toMatch(/does not take lockfs_sb_info\.big_lock, which is held meanwhile/);
  });
});
