/**
 * Steps of the eviction protocol that are written down after Linux 6.12, for functions that a tree has not and for designs
 * that change it. The places of the steps are those of the opened tree, found by what stands there.
 */
import type { Engine } from "../../analysis/effect-graph.ts";
import type { Program } from "../../callgraph/program.ts";
import type { SourceSpan, Step } from "../../race/model.ts";

/** Finds the line of generic code that a step stands for; nothing where the tree has no such function or line. */
export type FindLine = (fn: string, pattern: RegExp) => { readonly source: SourceSpan } | Record<string, never>;

export function lineFinder(program: Program, engine: Engine): FindLine {
  const known = new Map<string, ReturnType<FindLine>>();
  return (fn, pattern) => {
    const key = `${fn} ${pattern.source}`;
    let found = known.get(key);
    if (found === undefined) {
      found = {};
      for (const each of program.functionsNamed(fn)) {
        const text = engine.bodies.textOf(each.file, each.span.body, each.span.end);
        const at = text.search(pattern);
        if (at < 0 || !isGeneric(each.file.path)) continue;
        const before = engine.bodies.textOf(each.file, 0, each.span.body) + text.slice(0, at);
        let line = 1;
        for (let i = before.indexOf("\n"); i >= 0; i = before.indexOf("\n", i + 1)) line++;
        found = { source: { file: each.file.path, line } };
        break;
      }
      known.set(key, found);
    }
    return found;
  };
}

function isGeneric(path: string): boolean {
  return /^(fs|mm)\/[^/]+\.c$/.test(path);
}

/** evict() behind ->evict_inode: off the hash, the waiters woken. */
export function unhashAndWake(slot: string, find: FindLine): Step[] {
  return [
    {
      label: "remove_inode_hash(inode)",
      do: "lock(hash_lock)",
      ...find("evict", /remove_inode_hash\s*\(/),
    },
    { label: "spin_lock(&inode->i_lock)", do: `lock(i_lock[${slot}])`, ...find("__remove_inode_hash", /spin_lock/) },
    {
      label: "hlist_del_init_rcu(&inode->i_hash)",
      do: `hash_del(${slot})`,
      ...find("__remove_inode_hash", /hlist_del_init/),
    },
    { label: "spin_unlock(&inode->i_lock)", do: `unlock(i_lock[${slot}])` },
    { label: "spin_unlock(&inode_hash_lock)", do: "unlock(hash_lock)" },
    ...wakeWaiters(slot, find),
  ];
}

function wakeWaiters(slot: string, find: FindLine): Step[] {
  return [
    { label: "spin_lock(&inode->i_lock)", do: `lock(i_lock[${slot}])` },
    {
      label: "inode_wake_up_bit(inode, __I_NEW)",
      do: `wake(${slot}, NEW)`,
      ...find("evict", /wake_up_bit\s*\(/),
    },
    { label: "spin_unlock(&inode->i_lock)", do: `unlock(i_lock[${slot}])` },
  ];
}

/** The last reference goes, of a deleted inode or of one that stays on disk: I_FREEING under i_lock. */
export function startFreeing(slot: string, find: FindLine): Step[] {
  const put = (what: string, nlink: number): Step => ({
    label: `iput() of ${what}: spin_lock(&inode->i_lock)`,
    do: `lock(i_lock[${slot}]); ${slot}.nlink = ${nlink}`,
    ...find("iput", /lock/),
  });
  return [
    { choose: [[put("a deleted inode", 0)], [put("an inode that stays on disk", 1)]] },
    {
      label: "if (!--inode->i_count)",
      do: `${slot}.count--`,
      if: `${slot}.count == 0`,
      ...find("iput", /i_count/),
      then: [{ label: "i_state |= I_FREEING", do: `${slot}.FREEING = 1`, ...find("iput_final", /I_FREEING/) }],
      else: [{ label: "spin_unlock(&inode->i_lock): somebody has it", do: `unlock(i_lock[${slot}])` }, { end: true }],
    },
    { label: "spin_unlock(&inode->i_lock)", do: `unlock(i_lock[${slot}])` },
  ];
}

/** Conditions on the link count can go either way: which it is, is chosen first. */
export function eitherLinkCount(slot: string): Step {
  return {
    choose: [
      [{ label: `${slot} is a deleted inode`, do: `${slot}.nlink = 0` }],
      [{ label: `${slot} stays on disk`, do: `${slot}.nlink = 1` }],
    ],
  };
}

export const I_LOCK = { name: "i_lock", kind: "spin", per: "slot", description: "inode->i_lock" } as const;
export const HASH_LOCK = { name: "hash_lock", kind: "spin", description: "inode_hash_lock" } as const;
