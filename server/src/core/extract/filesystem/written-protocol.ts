/**
 * The functions of the eviction protocol as Linux 6.12 has them, for those that a tree has not or that cannot be lowered.
 * They take what fragments of the tree take, so that either can stand in a scenario. The places of the steps are those of
 * the opened tree, found by what stands there.
 */
import type { Procedure, Step } from "../../race/model.ts";
import type { Fragment } from "../fragment.ts";
import { FILESYSTEM_EVICT } from "../protocol.ts";
import { type FindLine, HASH_LOCK, I_LOCK, unhashAndWake } from "./protocol.ts";
import { type Bindings, FILESYSTEM_DESTROY, FILESYSTEM_DROP, type ProtocolRole } from "./tree-protocol.ts";

export function writtenFragment(role: ProtocolRole, bindings: Bindings, find: FindLine): Fragment {
  const { name, parameters, locals = [], steps } = WRITTEN[role](bindings, find);
  return {
    name,
    file: "",
    line: 0,
    procedure: { name, parameters: parameters ?? [], locals, steps },
    result: role === "lookup" || role === "new-inode" ? "slot" : role === "create" ? "number" : null,
    assumptions: [],
    needs: { locks: [HASH_LOCK, I_LOCK], variables: [], fields: [], procedures: [] },
    inlined: [],
    files: [],
  };
}

type Write = (bindings: Bindings, find: FindLine) => Procedure;

const WRITTEN: Readonly<Record<ProtocolRole, Write>> = {
  put: (bindings, find) => ({
    name: "iput",
    parameters: ["inode"],
    locals: [{ name: "drops", max: 1 }],
    steps: [
      { label: "iput(): spin_lock(&inode->i_lock)", do: "lock(i_lock[inode])", ...find("iput", /lock/) },
      {
        label: "if (!--inode->i_count)",
        do: "inode.count--",
        if: "inode.count > 0",
        ...find("iput", /i_count/),
        then: [
          { label: "spin_unlock(&inode->i_lock): somebody has it", do: "unlock(i_lock[inode])" },
          { goto: "return" },
        ],
      },
      ...dropDecision(bindings, find),
      {
        label: "if (!drop && (sb->s_flags & SB_ACTIVE))",
        if: "!drops && sb.active",
        ...find("iput_final", /SB_ACTIVE/),
        then: [
          { label: "inode_add_lru(inode)", do: "inode.lru = LRU", ...find("iput_final", /lru/) },
          { label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[inode])" },
          { goto: "return" },
        ],
      },
      {
        label: "iput_final(): i_state |= I_FREEING",
        do: "inode.FREEING = 1; inode.lru = LRU_NONE",
        ...find("iput_final", /I_FREEING/),
      },
      { label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[inode])" },
      ...evictSteps("inode", bindings, find),
    ],
  }),
  evict: (bindings, find) => ({
    name: "evict",
    parameters: ["inode"],
    steps: evictSteps("inode", bindings, find),
  }),
  reclaim: (bindings, find) => {
    const all = slots(bindings);
    return {
      name: "prune_icache_sb",
      parameters: [],
      locals: all.map((_, i) => ({ name: `isolated_${i}`, max: 1 })),
      steps: [
        ...all.flatMap((slot, i) =>
          takes(slot, `isolated_${i}`, `${slot}.lru == LRU`, "LRU_PRIVATE", find, "inode_lru_isolate"),
        ),
        ...all.map((slot, i) => disposes(slot, `isolated_${i}`, bindings, find)),
      ],
    };
  },
  umount: (bindings, find) => {
    const all = slots(bindings);
    return {
      name: "evict_inodes",
      parameters: [],
      locals: all.map((_, i) => ({ name: `isolated_${i}`, max: 1 })),
      steps: [
        ...all.flatMap((slot, i) => takes(slot, `isolated_${i}`, `${slot}.on_sb`, "LRU_NONE", find, "evict_inodes")),
        ...all.map((slot, i) => disposes(slot, `isolated_${i}`, bindings, find)),
      ],
    };
  },
  lookup: (_, find) => ({
    name: "iget_locked",
    parameters: ["ino", "result"],
    locals: [{ name: "fresh", type: "slot" }],
    steps: [
      { id: "again", label: "iget_locked(): rcu_read_lock()", do: "rcu_read_lock()" },
      {
        label: "hlist_for_each_entry_rcu(inode, head, i_hash)",
        do: "result = find(ino)",
        ...find("find_inode_fast", /for_each/),
      },
      { label: "if (inode)", if: "result != none", then: [...meets(find), { goto: "return" }] },
      { label: "rcu_read_unlock()", do: "rcu_read_unlock()" },
      {
        label: "inode = alloc_inode(sb); inode->i_state = I_NEW",
        do: "new_inode(fresh, ino); fresh.NEW = 1; fresh.on_sb = 1",
        ...find("iget_locked", /alloc_inode/),
      },
      { label: "spin_lock(&inode_hash_lock)", do: "lock(hash_lock)", ...find("iget_locked", /spin_lock/) },
      { label: "old = find_inode_fast(sb, head, ino)", do: "result = find(ino)" },
      {
        label: "if (old)",
        if: "result != none",
        then: [
          { label: "spin_unlock(&inode_hash_lock)", do: "unlock(hash_lock)" },
          { label: "destroy_inode(inode)", do: "free_inode(fresh); fresh = none" },
          { goto: "again" },
        ],
      },
      {
        label: "hlist_add_head_rcu(&inode->i_hash, head)",
        do: "hash_add(fresh)",
        ...find("iget_locked", /hlist_add_head/),
      },
      { label: "spin_unlock(&inode_hash_lock)", do: "unlock(hash_lock)" },
      { label: "return inode", do: "result = fresh; fresh = none" },
    ],
  }),
  "unlock-new": (_, find) => ({
    name: "unlock_new_inode",
    parameters: ["inode"],
    steps: [
      { label: "unlock_new_inode(): spin_lock(&inode->i_lock)", do: "lock(i_lock[inode])" },
      { label: "inode->i_state &= ~I_NEW", do: "inode.NEW = 0", ...find("unlock_new_inode", /I_NEW/) },
      { label: "inode_wake_up_bit(inode, __I_NEW)", do: "wake(inode, NEW)", ...find("unlock_new_inode", /wake/) },
      { label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[inode])" },
    ],
  }),
  clear: (_, find) => ({
    name: "clear_inode",
    parameters: ["inode"],
    steps: [
      {
        label: "BUG_ON(inode->i_data.nrpages)",
        do: 'assert(STATE, !inode.pages, "clear_inode() finds pages")',
        ...find("clear_inode", /nrpages/),
      },
      { label: "inode->i_state = I_FREEING | I_CLEAR", do: "inode.CLEAR = 1", ...find("clear_inode", /I_CLEAR;/) },
    ],
  }),
  unhash: (_, find) => ({ name: "__remove_inode_hash", parameters: ["inode"], steps: unhash(find) }),
  "new-inode": () => ({
    name: "new_inode",
    parameters: ["ino", "result"],
    locals: [{ name: "fresh", type: "slot" }],
    steps: [{ label: "alloc_inode(sb)", do: "new_inode(fresh, ino); fresh.on_sb = 1; result = fresh; fresh = none" }],
  }),
  create: (_, find) => ({
    name: "insert_inode_locked",
    parameters: ["inode", "ino", "result"],
    locals: [{ name: "old", type: "slot" }],
    steps: [
      {
        label: "insert_inode_locked(): spin_lock(&inode_hash_lock)",
        do: "lock(hash_lock)",
        ...find("insert_inode_locked", /spin_lock/),
      },
      {
        label: "hlist_for_each_entry(old, head, i_hash): steps over I_FREEING",
        do: "old = find_live(ino)",
        ...find("insert_inode_locked", /for_each/),
      },
      {
        label: "if (likely(!old))",
        if: "old == none",
        then: [
          {
            label: "hlist_add_head_rcu(&inode->i_hash, head)",
            do: "inode.NEW = 1; hash_add(inode); result = 0",
            ...find("insert_inode_locked", /hlist_add_head/),
          },
        ],
        else: [{ label: "return -EBUSY", do: "result = 1; old = none", ...find("insert_inode_locked", /EBUSY/) }],
      },
      { label: "spin_unlock(&inode_hash_lock)", do: "unlock(hash_lock)" },
    ],
  }),
};

/** find_inode_fast() met an inode of the number: waits for one that is on its way out, and for one that is being read. */
function meets(find: FindLine): Step[] {
  const sleeps = (of: string): Step[] => [
    { label: `prepare_to_wait_event() in ${of}()`, do: "prepare_wait(result, NEW)" },
    { label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[result])" },
  ];
  return [
    { label: "spin_lock(&inode->i_lock)", do: "lock(i_lock[result])" },
    {
      label: "if (inode->i_state & (I_FREEING|I_WILL_FREE))",
      if: "result.FREEING",
      ...find("find_inode_fast", /I_FREEING/),
      then: [
        {
          label: "if (inode_unhashed(inode))",
          if: "!result.hashed",
          ...find("__wait_on_freeing_inode", /inode_unhashed/),
          then: [
            { label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[result])" },
            { label: "rcu_read_unlock()", do: "rcu_read_unlock()" },
            { goto: "again" },
          ],
        },
        ...sleeps("__wait_on_freeing_inode"),
        { label: "rcu_read_unlock()", do: "rcu_read_unlock()" },
        { label: "schedule()", do: "sleep()", ...find("__wait_on_freeing_inode", /schedule\(\)/) },
        { label: "finish_wait()", do: "finish_wait()", ...find("__wait_on_freeing_inode", /finish_wait/) },
        { goto: "again" },
      ],
    },
    { label: "__iget(inode)", do: "result.count++", ...find("find_inode_fast", /__iget/) },
    { label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[result])" },
    { label: "rcu_read_unlock()", do: "rcu_read_unlock()" },
    {
      label: "while (inode->i_state & I_NEW)",
      while: "result.NEW",
      loop: [
        { label: "wait_on_inode(): spin_lock(&inode->i_lock)", do: "lock(i_lock[result])" },
        {
          label: "if (inode->i_state & I_NEW)",
          if: "result.NEW",
          then: [
            ...sleeps("wait_on_inode"),
            { label: "schedule() in wait_on_inode()", do: "sleep()" },
            { label: "finish_wait()", do: "finish_wait()" },
          ],
          else: [{ label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[result])" }],
        },
      ],
    },
  ];
}

function slots({ slots: count }: Bindings): string[] {
  return Array.from({ length: count }, (_, i) => `slot[${i}]`);
}

/** One inode of a list goes to the private one, if nobody has it. */
function takes(slot: string, mine: string, onList: string, lru: string, find: FindLine, by: string): Step[] {
  return [
    {
      label: `${by}(): spin_lock(&inode->i_lock)`,
      do: `lock(i_lock[${slot}])`,
      ...find(by, /spin_(try)?lock\s*\(&inode/),
    },
    {
      label: "if (unused, and not on its way out)",
      if: `${slot}.phase == LIVE && ${onList} && ${slot}.count == 0 && !${slot}.FREEING && !${slot}.NEW`,
      ...find(by, /i_count/),
      then: [
        {
          label: "i_state |= I_FREEING",
          do: `${slot}.FREEING = 1; ${slot}.lru = ${lru}; ${mine} = 1`,
          ...find(by, /\| I_FREEING|\|= I_FREEING|set\(inode, I_FREEING/),
        },
      ],
    },
    { label: "spin_unlock(&inode->i_lock)", do: `unlock(i_lock[${slot}])` },
  ];
}

function disposes(slot: string, mine: string, bindings: Bindings, find: FindLine): Step {
  return {
    label: "dispose_list(): the next of the list",
    if: mine,
    ...find("dispose_list", /evict\s*\(/),
    then: [
      { label: "list_del_init(&inode->i_lru)", do: `${mine} = 0; ${slot}.lru = LRU_NONE` },
      ...evictSteps(slot, bindings, find),
    ],
  };
}

function dropDecision({ drop, suffix }: Bindings, find: FindLine): Step[] {
  const place = find("iput_final", /drop_inode/);
  if (drop === "always") return [{ label: "iput_final(): it is not kept", do: "drops = 1", ...place }];
  if (drop === "generic")
    return [
      { label: "iput_final(): generic_drop_inode(inode): !inode->i_nlink", do: "drops = inode.nlink == 0", ...place },
    ];
  return [
    { label: "iput_final(): op->drop_inode(inode)", do: "drops = 0", ...place },
    { call: `${FILESYSTEM_DROP}${suffix}`, with: { inode: "inode", result: "drops" } },
  ];
}

function evictSteps(slot: string, { hasDestroy, suffix }: Bindings, find: FindLine): Step[] {
  return [
    { label: "evict(): inode_sb_list_del(inode)", do: `${slot}.on_sb = 0`, ...find("evict", /inode_sb_list_del/) },
    { label: "evict(): op->evict_inode(inode)", do: "skip()", ...find("evict", /->evict_inode/) },
    { call: `${FILESYSTEM_EVICT}${suffix}`, with: { inode: slot } },
    { label: "if (!inode_unhashed(inode))", if: `${slot}.hashed`, then: unhash(find, slot) },
    ...unhashAndWake(slot, find).slice(5, 7),
    {
      label: "BUG_ON(inode->i_state != (I_FREEING | I_CLEAR))",
      do: `assert(STATE, ${slot}.CLEAR, "evict() finds i_state without I_CLEAR")`,
      ...find("evict", /BUG_ON\s*\([^)]*(I_CLEAR|i_state)/),
    },
    ...unhashAndWake(slot, find).slice(7),
    { label: "destroy_inode(inode)", do: "skip()", ...find("evict", /destroy_inode/) },
    hasDestroy
      ? { call: `${FILESYSTEM_DESTROY}${suffix}`, with: { inode: slot } }
      : { label: "call_rcu(&inode->i_rcu, i_callback)", do: `call_rcu(${slot})`, ...find("destroy_inode", /call_rcu/) },
  ];
}

function unhash(find: FindLine, slot = "inode"): Step[] {
  return unhashAndWake(slot, find).slice(0, 5);
}
