/** Grace periods as a thread of the environment. */
import type { CompileContext } from "./compile-context.ts";
import { graceOver, type World } from "./lower-expression.ts";
import { all, binary, type Cell, constant, type Stmt, type Template, type Transition } from "./program.ts";

/** The environment's part: an inode in limbo becomes free memory when its grace period is over. */
export function graceThread(context: CompileContext, world: World): Template {
  const phase = world.fields.get("phase") as Cell;
  const pc = context.cell("RCU.pc", { scope: "local", max: 1, shared: true });
  const transitions = Array.from({ length: world.slotCount }, (_, slot): Transition => {
    const index = constant(slot);
    const body: Stmt[] = [];
    for (const [name, cell] of world.fields) {
      if (name !== "phase" && name !== "hashed") body.push({ k: "set", cell, index, value: constant(0) });
    }
    body.push({ k: "set", cell: phase, index, value: constant(0) }, { k: "set", cell: pc, value: constant(0) });
    return {
      label: `grace period of ${world.slotNames[slot]} over: memory freed`,
      step: `free ${world.slotNames[slot]}`,
      guard: all([binary("==", { k: "cell", cell: phase, index }, constant(2)), graceOver(world, index)]),
      guardKind: "grace-period",
      guardText: `the grace period of ${world.slotNames[slot]}`,
      body,
      targets: [0],
      acquires: [],
      releases: [],
      // Each slot has its own transition: which one is which does not matter.
      slots: 0,
    };
  });
  return {
    name: "RCU",
    context: [],
    daemon: true,
    environment: true,
    locals: [pc],
    pc,
    locations: [{ transitions, held: [], live: [] }],
    end: 1,
    entry: 0,
    description: "grace periods",
  };
}
