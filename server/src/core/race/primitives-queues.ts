import { fail, graceOver, lowerQueue } from "./lower-expression.ts";
import type { StepLowering } from "./lower-statement.ts";
import { at, one, ownCell, type Primitive, simple, slotArgument, slotValue, startGrace } from "./primitive-helpers.ts";
import { all, any, binary, type Cell, constant, type Expr, FALSE, TRUE, truth } from "./program.ts";

export const RCU: Record<string, Primitive> = {
  rcu_read_lock: {
    parameters: "",
    run: (step) => step.set(ownCell(step, step.roles.rcu, "rcu_read_lock()"), constant(1)),
  },
  rcu_read_unlock: {
    parameters: "",
    run(step) {
      step.set(ownCell(step, step.roles.rcu, "rcu_read_unlock()"), constant(0));
      if (step.roles.graceMask) step.set(step.roles.graceMask, constant(0));
    },
  },
  start_grace: {
    parameters: "slot",
    run: (step, args) => startGrace(step, slotArgument(step, one(step, args), "start_grace()")),
  },
  synchronize_start: {
    parameters: "",
    run(step) {
      const { thread } = step.roles;
      if (thread === undefined) fail(step.scope, "synchronize_rcu() needs a thread that exists once");
      startGrace(step, constant(step.scope.world.slotCount + (thread as number)));
    },
  },
  synchronize_wait: {
    parameters: "",
    run(step) {
      const { thread } = step.roles;
      if (thread === undefined) fail(step.scope, "synchronize_rcu() needs a thread that exists once");
      const over = graceOver(step.scope.world, constant(step.scope.world.slotCount + (thread as number)));
      step.block(simple(over), "grace-period", "the RCU readers inside have left");
    },
  },
};

export const QUEUES: Record<string, Primitive> = {
  queue: {
    parameters: "queue, slot",
    run(step, args) {
      const queue = lowerQueue(step.scope, one(step, args));
      const item = slotValue(step, args[1] ?? fail(step.scope, "queue() needs an item"));
      const length = step.keep(at(queue.length));
      step.assert(
        binary("<", length, constant(queue.capacity)),
        "MODEL",
        `${queue.name} is full: it holds ${queue.capacity} in this model`,
        true,
      );
      step.store(queue.items, item, length, queue.name);
      step.set(queue.length, binary("+", length, constant(1)));
    },
  },
  pop: {
    parameters: "queue, local",
    run(step, args) {
      const queue = lowerQueue(step.scope, one(step, args));
      step.block(simple(truth(at(queue.length))), "queue", `work on ${queue.name}`);
      const tree = args[1] ?? fail(step.scope, "pop() needs a local for the item");
      const target = step.target(tree);
      step.set(target.cell, at(queue.items, constant(0)), target.index);
      shift(step, queue.items, queue.length, TRUE);
    },
  },
  dequeue: {
    parameters: "queue, slot",
    run(step, args) {
      // Takes one item out wherever it stands (list_del).
      const queue = lowerQueue(step.scope, one(step, args));
      const item = step.keep(slotValue(step, args[1] ?? fail(step.scope, "dequeue() needs an item")));
      let found: Expr = FALSE;
      const places: Expr[] = [];
      for (let i = 0; i < queue.capacity; i++) {
        const here = all([
          binary("<", constant(i), at(queue.length)),
          binary("==", at(queue.items, constant(i)), item),
        ]);
        found = step.keep(any([found, here]));
        places.push(found);
      }
      step.when(found, () => {
        for (let i = 0; i < queue.capacity; i++) {
          const next = i + 1 < queue.capacity ? at(queue.items, constant(i + 1)) : constant(0);
          step.when(places[i] as Expr, () => step.set(queue.items, next, constant(i)));
        }
        step.set(queue.length, binary("-", at(queue.length), constant(1)));
      });
    },
  },
};

function shift(step: StepLowering, items: Cell, length: Cell, c: Expr): void {
  step.when(c, () => {
    for (let i = 0; i < items.count; i++) {
      step.set(items, i + 1 < items.count ? at(items, constant(i + 1)) : constant(0), constant(i));
    }
    step.set(length, binary("-", at(length), constant(1)));
  });
}
