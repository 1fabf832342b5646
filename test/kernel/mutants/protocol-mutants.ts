/** Mutants of the rules about lookups, wake-ups and deferral. */
import type { Mutant } from "./mutant.ts";

export const PROTOCOL_MUTANTS: readonly Mutant[] = [
  {
    id: "deferred-work in fs/efivarfs, shallow",
    rule: "deferred-work",
    kind: "shallow",
    filesystem: "fs/efivarfs",
    found: true,
    edits: [
      {
        file: "fs/efivarfs/super.c",
        function: "efivarfs_evict_inode",
        at: "above",
        text: `static void efivarfs_mutant_worker(struct work_struct *work)
{
	cond_resched();
}

static DECLARE_WORK(efivarfs_mutant_work, efivarfs_mutant_worker);

`,
      },
      {
        file: "fs/efivarfs/super.c",
        function: "efivarfs_evict_inode",
        at: "start",
        text: "\n\tschedule_work(&efivarfs_mutant_work);",
      },
    ],
  },
  {
    id: "deferred-work in fs/9p, deep",
    rule: "deferred-work",
    kind: "deep",
    filesystem: "fs/9p",
    found: true,
    edits: [
      {
        file: "fs/9p/vfs_inode.c",
        function: "v9fs_evict_inode",
        at: "above",
        text: `static void v9fs_mutant_worker(struct work_struct *work)
{
	cond_resched();
}

static DECLARE_DELAYED_WORK(v9fs_mutant_work, v9fs_mutant_worker);

static void v9fs_mutant_queue(unsigned long delay)
{
	queue_delayed_work(system_wq, &v9fs_mutant_work, delay);
}

static void v9fs_mutant_later(struct inode *inode)
{
	if (!inode->i_nlink)
		v9fs_mutant_queue(1);
}

`,
      },
      {
        file: "fs/9p/vfs_inode.c",
        function: "v9fs_evict_inode",
        at: "before",
        anchor: "if (!is_bad_inode(inode)) {",
        text: "v9fs_mutant_later(inode);\n\t",
      },
    ],
  },
  {
    id: "deferred-work in fs/nilfs2, guarded: the RCU callback only frees",
    rule: "deferred-work",
    kind: "guarded",
    filesystem: "fs/nilfs2",
    found: false,
    edits: [
      {
        file: "fs/nilfs2/inode.c",
        function: "nilfs_evict_inode",
        at: "above",
        text: `struct nilfs_mutant_note {
	struct rcu_head rcu;
};

static void nilfs_mutant_free(struct rcu_head *head)
{
	kfree(container_of(head, struct nilfs_mutant_note, rcu));
}

static void nilfs_mutant_drop(struct inode *inode)
{
	struct nilfs_mutant_note *note = inode->i_private;

	call_rcu(&note->rcu, nilfs_mutant_free);
}

`,
      },
      {
        file: "fs/nilfs2/inode.c",
        function: "nilfs_evict_inode",
        at: "before",
        anchor: "nilfs_transaction_begin(sb, &ti, 0);",
        text: "nilfs_mutant_drop(inode);\n\t",
      },
    ],
  },
  {
    id: "lookup-ignores-freeing in fs/fat, shallow: the private hash without igrab()",
    rule: "lookup-ignores-freeing",
    kind: "shallow",
    filesystem: "fs/fat",
    found: true,
    edits: [
      {
        file: "fs/fat/inode.c",
        function: "fat_iget",
        at: "replace",
        anchor: "inode = igrab(&i->vfs_inode);",
        text: "inode = &i->vfs_inode;\n\t\tihold(inode);",
      },
    ],
  },
  {
    id: "lookup-ignores-freeing in fs/ufs, deep: the callback of find_inode_nowait() takes it in a helper",
    rule: "lookup-ignores-freeing",
    kind: "deep",
    filesystem: "fs/ufs",
    found: true,
    edits: [
      {
        file: "fs/ufs/inode.c",
        function: "ufs_iget",
        at: "above",
        text: `static void ufs_mutant_take(struct inode *inode)
{
	atomic_inc(&inode->i_count);
}

static int ufs_mutant_match(struct inode *inode, unsigned long ino, void *data)
{
	if (inode->i_ino != ino)
		return 0;
	ufs_mutant_take(inode);
	return 1;
}

struct inode *ufs_mutant_peek(struct super_block *sb, unsigned long ino)
{
	return find_inode_nowait(sb, ino, ufs_mutant_match, NULL);
}

`,
      },
    ],
  },
  {
    id: "lookup-ignores-freeing in fs/exfat, guarded: the callback tests in a helper",
    rule: "lookup-ignores-freeing",
    kind: "guarded",
    filesystem: "fs/exfat",
    found: false,
    edits: [
      {
        file: "fs/exfat/inode.c",
        function: "exfat_iget",
        at: "above",
        text: `static bool exfat_mutant_is_dying(struct inode *inode)
{
	return inode->i_state & (I_FREEING | I_WILL_FREE);
}

static int exfat_mutant_match(struct inode *inode, unsigned long ino, void *data)
{
	int found = 0;

	if (inode->i_ino != ino)
		return 0;
	spin_lock(&inode->i_lock);
	if (!exfat_mutant_is_dying(inode)) {
		__iget(inode);
		found = 1;
	}
	spin_unlock(&inode->i_lock);
	return found;
}

struct inode *exfat_mutant_peek(struct super_block *sb, unsigned long ino)
{
	return find_inode_nowait(sb, ino, exfat_mutant_match, NULL);
}

`,
      },
    ],
  },
  {
    id: "missing-wakeup in fs/inode.c, shallow: evict() does not wake",
    rule: "missing-wakeup",
    kind: "shallow",
    filesystem: "fs/inode.c",
    found: true,
    edits: [
      {
        file: "fs/inode.c",
        function: "evict",
        at: "replace",
        anchor: "inode_wake_up_bit(inode, __I_NEW);",
        text: "",
      },
    ],
  },
  {
    id: "missing-wakeup in fs/inode.c, deep: a helper wakes on one path only",
    rule: "missing-wakeup",
    kind: "deep",
    filesystem: "fs/inode.c",
    found: true,
    edits: [
      {
        file: "fs/inode.c",
        function: "evict",
        at: "above",
        text: `static void mutant_wake_linked(struct inode *inode)
{
	if (inode->i_nlink)
		inode_wake_up_bit(inode, __I_NEW);
}

static void mutant_wake(struct inode *inode)
{
	mutant_wake_linked(inode);
}

`,
      },
      {
        file: "fs/inode.c",
        function: "evict",
        at: "replace",
        anchor: "inode_wake_up_bit(inode, __I_NEW);",
        text: "mutant_wake(inode);",
      },
    ],
  },
  {
    id: "missing-wakeup in fs/inode.c, guarded: the wake-up moved into a helper",
    rule: "missing-wakeup",
    kind: "guarded",
    filesystem: "fs/inode.c",
    found: false,
    edits: [
      {
        file: "fs/inode.c",
        function: "evict",
        at: "above",
        text: "static void mutant_wake(struct inode *inode)\n{\n\tinode_wake_up_bit(inode, __I_NEW);\n}\n\n",
      },
      {
        file: "fs/inode.c",
        function: "evict",
        at: "replace",
        anchor: "inode_wake_up_bit(inode, __I_NEW);",
        text: "mutant_wake(inode);",
      },
    ],
  },
];

/** For the simulator, which reads fs/inode.c's protocol rather than one function. */
export const SIMULATED_MUTANTS: readonly Mutant[] = [
  {
    id: "eviction-protocol in fs/inode.c, shallow: waits without looking whether the inode is unhashed",
    rule: "eviction-protocol",
    kind: "shallow",
    filesystem: "fs/inode.c",
    found: true,
    edits: [
      {
        file: "fs/inode.c",
        function: "__wait_on_freeing_inode",
        at: "replace",
        anchor: "unlikely(inode_unhashed(inode))",
        text: "0",
      },
    ],
  },
  {
    id: "eviction-protocol in fs/inode.c, deep: evict() wakes before it unhashes",
    rule: "eviction-protocol",
    kind: "deep",
    filesystem: "fs/inode.c",
    found: true,
    edits: [
      {
        file: "fs/inode.c",
        function: "evict",
        at: "replace",
        anchor: "inode_wake_up_bit(inode, __I_NEW);",
        text: "",
      },
      {
        file: "fs/inode.c",
        function: "evict",
        at: "before",
        anchor: "remove_inode_hash(inode);",
        text: "inode_wake_up_bit(inode, __I_NEW);\n\t",
      },
    ],
  },
  {
    id: "eviction-protocol in fs/inode.c, guarded: an order that does not matter",
    rule: "eviction-protocol",
    kind: "guarded",
    filesystem: "fs/inode.c",
    found: false,
    edits: [
      {
        file: "fs/inode.c",
        function: "evict",
        at: "after",
        anchor: "inode_sb_list_del(inode);",
        text: "\n\tcond_resched();",
      },
    ],
  },
];
