/** The invariants of races.md 0.2 that are predicates of a state, as compiled expressions. */

import type { CompileContext } from "./compile-context.ts";
import type { World } from "./lower-expression.ts";
import type { ThreadInstance } from "./program.ts";
import {
  all,
  binary,
  type Cell,
  constant,
  type Expr,
  not,
  type ProgramInvariant,
  type Template,
  truth,
} from "./program.ts";
import { seenFrom } from "./seen-from.ts";

interface Parts {
  readonly context: CompileContext;
  readonly world: World;
  readonly templates: readonly Template[];
  readonly threads: readonly ThreadInstance[];
  readonly lockCells: ReadonlyMap<string, Cell>;
}

const at = (cell: Cell, slot: number): Expr => ({ k: "cell", cell, index: constant(slot) });

export function builtInInvariants(parts: Parts): ProgramInvariant[] {
  const { context } = parts;
  const list: ProgramInvariant[] = [];
  if (context.checks("UNIQ")) list.push(...unique(parts));
  if (context.checks("STATE")) list.push(...freeingOffLru(parts));
  if (context.checks("WAKE")) list.push(...noLostWake(parts));
  if (context.checks("RECL")) list.push(...reclaimNeverBlocks(parts));
  return list;
}

/** Readable by everybody as this number's inode: alive, on the chain, built and not dying. */
function constructed(world: World, slot: number): Expr {
  const phase = world.fields.get("phase");
  const hashed = world.fields.get("hashed");
  const flags = ["NEW", "CREATING", "FREEING", "WILL_FREE", "BAD"].flatMap((name) => world.fields.get(name) ?? []);
  return all([
    ...(phase ? [binary("==", at(phase, slot), constant(1))] : []),
    ...(hashed ? [truth(at(hashed, slot))] : []),
    ...flags.map((flag) => not(at(flag, slot))),
  ]);
}

function unique({ context, world }: Parts): ProgramInvariant[] {
  const ino = world.fields.get("ino");
  const list: ProgramInvariant[] = [];
  for (let a = 0; a < world.slotCount; a++) {
    for (let b = a + 1; b < world.slotCount; b++) {
      const both = all([
        constructed(world, a),
        constructed(world, b),
        ...(ino ? [binary("==", at(ino, a), at(ino, b))] : []),
      ]);
      const message = `two usable inodes of one number: ${world.slotNames[a]} and ${world.slotNames[b]}`;
      list.push({ violation: context.violation("UNIQ", message, "state"), holds: not(both) });
    }
  }
  return list;
}

function freeingOffLru({ context, world, lockCells }: Parts): ProgramInvariant[] {
  const freeing = world.fields.get("FREEING");
  const lru = world.fields.get("lru");
  if (freeing === undefined || lru === undefined) return [];
  const lock = lockCells.get("i_lock");
  return Array.from({ length: world.slotCount }, (_, slot) => {
    const bad = all([
      at(freeing, slot),
      binary("==", at(lru, slot), constant(1)),
      ...(lock !== undefined && lock.count > 1 ? [not(at(lock, slot))] : []),
    ]);
    const message = `${world.slotNames[slot]} is FREEING and on the LRU while its i_lock is free`;
    return { violation: context.violation("STATE", message, "state"), holds: not(bad) };
  });
}

/** Asleep on a dying inode that has left the hash and whose wake-up has been issued: nobody will wake it. */
function noLostWake({ context, world, threads }: Parts): ProgramInvariant[] {
  const freeing = world.fields.get("FREEING");
  const hashed = world.fields.get("hashed");
  const woken = world.fields.get("woken");
  if (!freeing || !hashed || !woken) return [];
  const bits = world.waitBits.length;
  const list: ProgramInvariant[] = [];
  for (const peer of world.peers) {
    const name = threads[peer.thread]?.name ?? "?";
    if (peer.waitKey === undefined) continue;
    const key: Expr = { k: "cell", cell: peer.waitKey, thread: peer.thread };
    for (let slot = 0; slot < world.slotCount; slot++) {
      const queued = all([binary(">", key, constant(slot * bits)), binary("<=", key, constant((slot + 1) * bits))]);
      const lost = all([queued, at(freeing, slot), not(truth(at(hashed, slot))), at(woken, slot)]);
      const message = `${name} waits on ${world.slotNames[slot]}, which was unhashed and woken before: nobody will wake it`;
      list.push({ violation: context.violation("WAKE", message, "state"), holds: not(lost) });
    }
  }
  return list;
}

/** A PF_MEMALLOC thread stands before an allocation it cannot get, or a lock whose holder waits for memory. */
function reclaimNeverBlocks({ context, templates, threads }: Parts): ProgramInvariant[] {
  const list: ProgramInvariant[] = [];
  const standsAt = (thread: ThreadInstance, location: number): Expr => {
    const template = templates[thread.template] as Template;
    return binary("==", { k: "cell", cell: template.pc, thread: thread.index }, constant(location));
  };
  for (const thread of threads) {
    const template = templates[thread.template] as Template;
    if (!template.context.includes("MEMALLOC")) continue;
    for (const [l, location] of template.locations.entries()) {
      for (const transition of location.transitions) {
        const blocked = not(seenFrom(transition.guard, thread.index));
        if (transition.guardKind === "memory") {
          const message = `${thread.name} (PF_MEMALLOC) waits for memory that only reclaim can free`;
          list.push({
            violation: context.violation("RECL", message, "state"),
            holds: not(all([standsAt(thread, l), blocked])),
          });
        }
        if (transition.guardKind !== "lock") continue;
        for (const lock of transition.acquires) {
          for (const holder of threads) {
            if (holder.index === thread.index) continue;
            list.push(...holderWaitsForMemory(lock, all([standsAt(thread, l), blocked]), thread, holder));
          }
        }
      }
    }
  }
  return list;

  function holderWaitsForMemory(
    lock: { cell: Cell; name: string; index?: Expr },
    waits: Expr,
    thread: ThreadInstance,
    holder: ThreadInstance,
  ): ProgramInvariant[] {
    const template = templates[holder.template] as Template;
    return template.locations.flatMap((location, m) =>
      location.held.flatMap((held) => {
        if (held.cell !== lock.cell) return [];
        return location.transitions.flatMap((transition) => {
          if (transition.guardKind !== "memory") return [];
          const same =
            held.index && lock.index
              ? binary("==", seenFrom(held.index, holder.index), seenFrom(lock.index, thread.index))
              : constant(1);
          const bad = all([waits, standsAt(holder, m), same, not(seenFrom(transition.guard, holder.index))]);
          const message = `${thread.name} (PF_MEMALLOC) waits for ${lock.name}, whose holder ${holder.name} waits for memory`;
          return [{ violation: context.violation("RECL", message, "state"), holds: not(bad) }];
        });
      }),
    );
  }
}
