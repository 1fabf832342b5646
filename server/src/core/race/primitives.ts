import { describe, fail, indexOfReference, lower, lowerLock, meaning } from "./lower-expression.ts";
import type { StepLowering } from "./lower-statement.ts";
import {
  type Args,
  at,
  bitNumber,
  field,
  number,
  one,
  ownCell,
  type Primitive,
  resetSlot,
  simple,
  slotArgument,
  startGrace,
  unhash,
  waitKeyOf,
} from "./primitive-helpers.ts";
import { MEMORY_AND_FILESYSTEM } from "./primitives-filesystem.ts";
import { QUEUES, RCU } from "./primitives-queues.ts";
import { all, binary, type Cell, constant, type Expr, FALSE, not, TRUE, truth } from "./program.ts";

const LOCKS: Record<string, Primitive> = {
  lock: {
    parameters: "lock",
    run(step, args) {
      const lock = lowerLock(step.scope, one(step, args));
      const index = lock.index?.e;
      const held = at(lock.cell, index);
      const guard = { ...simple(not(held)), none: lock.index?.none ?? FALSE, freed: lock.index?.freed ?? FALSE };
      step.block(guard, "lock", lock.text);
      step.setLock(lock.cell, index);
      step.acquires.push({ cell: lock.cell, name: lock.text, ...(index === undefined ? {} : { index }) });
    },
  },
  unlock: {
    parameters: "lock",
    run(step, args) {
      const lock = lowerLock(step.scope, one(step, args));
      const index = lock.index?.e;
      if (lock.index) step.touch(lock.index, lock.text);
      step.set(lock.cell, constant(0), index);
      step.releases.push({ cell: lock.cell, name: lock.text, ...(index === undefined ? {} : { index }) });
    },
  },
  wait: {
    parameters: "condition",
    run(step, args) {
      const tree = one(step, args);
      const condition = lower(step.scope, tree);
      step.block({ ...condition, e: truth(condition.e) }, "condition", describe(tree));
    },
  },
  skip: { parameters: "", run() {} },
  assert: {
    parameters: '[INVARIANT,] condition [, "message"]',
    run(step, args) {
      let list = [...args];
      const name = list[0];
      let invariant = "STATE";
      if (name?.t === "name" && meaning(step.scope, name.name) === undefined && list.length > 1) {
        invariant = name.name;
        list = list.slice(1);
      }
      const tree = list[0] ?? fail(step.scope, "assert() needs a condition");
      const message = list[1]?.t === "text" ? list[1].value : `${describe(tree)} does not hold`;
      const condition = lower(step.scope, tree);
      step.touch(condition, describe(tree));
      step.assert(truth(condition.e), invariant, message);
    },
  },
};

const WAIT_QUEUES: Record<string, Primitive> = {
  prepare_wait: {
    parameters: "slot, BIT",
    run(step, args) {
      const index = slotArgument(step, one(step, args), "prepare_wait()");
      const key = ownCell(step, step.roles.waitKey, "prepare_wait()");
      step.set(key, waitKeyOf(step, index, bitNumber(step, args[1])));
    },
  },
  sleep: {
    parameters: "",
    run(step) {
      const key = ownCell(step, step.roles.waitKey, "sleep()");
      step.block(simple(not(truth(at(key)))), "sleep", "the wake-up");
      if (step.scope.world.context.model.spuriousWakeups !== false) {
        step.spurious = [{ k: "set", cell: key, value: constant(0) }];
      }
    },
  },
  finish_wait: {
    parameters: "",
    run(step) {
      step.set(ownCell(step, step.roles.waitKey, "finish_wait()"), constant(0));
    },
  },
  wake: {
    parameters: "slot, BIT",
    run(step, args) {
      const index = slotArgument(step, one(step, args), "wake()");
      const wanted = waitKeyOf(step, index, bitNumber(step, args[1]));
      for (const { waitKey, thread } of step.scope.world.peers) {
        if (waitKey === undefined) continue;
        const key: Expr = { k: "cell", cell: waitKey, thread };
        step.when(binary("==", key, wanted), () => step.set(waitKey, constant(0), undefined, thread));
      }
      const woken = field(step, "woken");
      const freeing = field(step, "FREEING");
      if (woken && freeing && step.checks("WAKE"))
        step.when(at(freeing, index), () => step.set(woken, constant(1), index));
    },
  },
};

const HASH_AND_SLOTS: Record<string, Primitive> = {
  hash_add: {
    parameters: "slot",
    run(step, args) {
      const index = slotArgument(step, one(step, args), "hash_add()");
      const hashed = field(step, "hashed") as Cell;
      step.assert(not(truth(at(hashed, index))), "STATE", `${describe(one(step, args))} is hashed twice`);
      if (hashed.max > 1) {
        for (let other = 0; other < hashed.count; other++) {
          const here = at(hashed, constant(other));
          step.when(truth(here), () => step.set(hashed, binary("+", here, constant(1)), constant(other)));
        }
      }
      step.set(hashed, constant(1), index);
    },
  },
  hash_del: {
    parameters: "slot",
    run: (step, args) => unhash(step, slotArgument(step, one(step, args), "hash_del()")),
  },
  new_inode: {
    parameters: "local [, ino]",
    run(step, args) {
      const tree = one(step, args);
      const target = step.target(tree);
      if (target.type !== "slot") fail(step.scope, `${describe(tree)} does not hold an inode slot`);
      const found = step.keep(lower(step.scope, { t: "call", name: "free_slot", args: [], at: 0 }).e);
      step.assert(truth(found), "MODEL", "no free inode slot: the model has too few", true);
      const index = binary("-", found, constant(1));
      resetSlot(step, index, ["phase"]);
      step.set(field(step, "phase") as Cell, constant(1), index);
      const count = field(step, "count");
      if (count) step.set(count, constant(1), index);
      const nlink = field(step, "nlink");
      if (nlink) step.set(nlink, constant(1), index);
      const ino = field(step, "ino");
      if (ino) step.store(ino, args[1] === undefined ? constant(1) : number(step, args[1]), index, "ino");
      step.set(target.cell, found, target.index);
    },
  },
  read_inode: {
    parameters: "slot",
    run(step, args) {
      // Reading from disk while another slot of the number still has cleanup to do: races.md 0.2, UNIQ.
      const index = slotArgument(step, one(step, args), "read_inode()");
      const pending = field(step, "pending");
      const ino = field(step, "ino");
      const phase = field(step, "phase") as Cell;
      if (pending === undefined) return;
      for (let other = 0; other < pending.count; other++) {
        const here = constant(other);
        const clash = all([
          binary("!=", index, here),
          truth(at(phase, here)),
          ino ? binary("==", at(ino, here), at(ino, index)) : TRUE,
          at(pending, here),
        ]);
        step.assert(
          not(clash),
          "UNIQ",
          "reads the on-disk inode while an older one of this number still has cleanup to do",
        );
      }
    },
  },
  clear_inode: {
    parameters: "slot",
    run(step, args) {
      const index = slotArgument(step, one(step, args), "clear_inode()");
      const clear = field(step, "CLEAR") as Cell;
      const freeing = field(step, "FREEING");
      const pages = field(step, "pages");
      step.assert(not(at(clear, index)), "ONCE", "clear_inode() runs twice on one inode");
      if (freeing) step.assert(truth(at(freeing, index)), "STATE", "clear_inode() on an inode that is not FREEING");
      if (pages) step.assert(not(at(pages, index)), "STATE", "clear_inode() finds pages");
      step.set(clear, constant(1), index);
    },
  },
  call_rcu: {
    parameters: "slot",
    run(step, args) {
      const index = slotArgument(step, one(step, args), "destroy_inode()");
      const phase = field(step, "phase") as Cell;
      step.assert(binary("==", at(phase, index), constant(1)), "ONCE", "the inode is destroyed twice");
      step.set(phase, constant(2), index);
      startGrace(step, index);
    },
  },
  free_inode: {
    parameters: "slot",
    run(step, args) {
      const text = describe(one(step, args));
      const index = indexOfReference({ ...step.scope, observer: true }, lower(step.scope, one(step, args)));
      step.touch(index, text);
      const phase = field(step, "phase") as Cell;
      step.assert(truth(at(phase, index.e)), "ONCE", `${text} is freed twice`);
      const kept = step.keep(index.e);
      const hashed = field(step, "hashed");
      if (hashed) unhash(step, kept);
      resetSlot(step, kept, ["phase", "hashed"]);
      step.set(phase, constant(0), kept);
    },
  },
};

export const PRIMITIVES: Readonly<Record<string, Primitive>> = {
  ...LOCKS,
  ...WAIT_QUEUES,
  ...HASH_AND_SLOTS,
  ...RCU,
  ...QUEUES,
  ...MEMORY_AND_FILESYSTEM,
};

export function runPrimitive(step: StepLowering, name: string, args: Args): void {
  const primitive = Object.hasOwn(PRIMITIVES, name) ? PRIMITIVES[name] : undefined;
  if (primitive === undefined) fail(step.scope, `unknown operation ${name}()`);
  const most = primitive.parameters === "" ? 0 : primitive.parameters.split(",").length;
  if (args.length > most) fail(step.scope, `${name}(${primitive.parameters}) got ${args.length} arguments`);
  primitive.run(step, args);
}
