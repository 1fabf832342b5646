/** Canonical forms of states in WebAssembly: equal threads sorted, interchangeable slots swapped. As slot-symmetry.ts. */

import { Code } from "../wasm/encoder.ts";
import type { ReducedProgram } from "./expander.ts";
import { ALLOCATES, type Cell } from "./program.ts";
import type { SlotReference, SlotSymmetry } from "./slot-symmetry.ts";
import { type Addresses, F, HEADER, rowOffsets } from "./wasm-layout.ts";

/** Sorts the blocks of interchangeable threads (bubble sort, unrolled: groups are small). */
export function sortThreadsFunction(reduced: ReducedProgram, at: Addresses): Code {
  const code = new Code(0);
  const kept = code.local();
  for (const { bases, words } of reduced.groups) {
    for (let pass = bases.length - 1; pass > 0; pass--) {
      for (let i = 0; i < pass; i++) {
        const a = at.state + (bases[i] as number) * 4;
        const b = at.state + (bases[i + 1] as number) * 4;
        code.block(() => {
          leaveUnlessGreater(code, a, b, words);
          for (let w = 0; w < words; w++) {
            code
              .const(0)
              .load(a + w * 4)
              .set(kept);
            code
              .const(0)
              .const(0)
              .load(b + w * 4)
              .store(a + w * 4);
            code
              .const(0)
              .get(kept)
              .store(b + w * 4);
          }
        });
      }
    }
  }
  return code;
}

/** Leaves the enclosing block unless the words at `a` are greater, in their order, than those at `b`. */
function leaveUnlessGreater(code: Code, a: number, b: number, words: number): void {
  code.block(() => {
    for (let w = 0; w < words; w++) {
      const both = (): Code =>
        code
          .const(0)
          .load(a + w * 4)
          .const(0)
          .load(b + w * 4);
      both().op("gt_s").brIf(0);
      both().op("ne").brIf(1);
    }
    code.br(1);
  });
}

/** named(): slots that code still to run names, and ALLOCATES. */
export function namedFunction({ program, slots }: ReducedProgram, at: Addresses): Code {
  const code = new Code(0);
  code.const(slots?.fixed ?? 0);
  if (slots === undefined) return code;
  const offsets = rowOffsets(program);
  for (const thread of program.threads) {
    const pc = program.templates[thread.template]?.pc as Cell;
    code.const(0).load(at.state + (thread.base + pc.word) * 4);
    if (pc.shift > 0) code.const(pc.shift).op("shr_u");
    code.const(2 ** pc.width - 1).op("and");
    code.const(2).op("shl");
    code.load(at.named + (offsets[thread.template] as number) * 4).op("or");
  }
  return code;
}

/** Pushes `x - 1 - slot * bits <u bits`: the reference in local `x` is to the slot in local `slot`. */
function pushRefersTo(code: Code, x: number, slot: number, bits: number): void {
  code.get(x).const(1).op("sub").get(slot);
  if (bits > 1) code.const(bits).op("mul");
  code.op("sub").const(bits).op("lt_u");
}

function eachElement(
  { cell, base }: SlotReference,
  state: number,
  visit: (address: number, shift: number) => void,
): void {
  for (let e = 0; e < cell.count; e++) {
    const word = base + cell.word + Math.floor(e / cell.perWord);
    visit(state + word * 4, cell.shift + (e % cell.perWord) * cell.width);
  }
}

const maskOf = (cell: Cell): number => (cell.width >= 32 ? -1 : (1 << cell.width) - 1);
const bitsOf = (reference: SlotReference, slots: SlotSymmetry): number =>
  reference.kind === "key" ? slots.keyBits : 1;

/** swap(i, j): exchanges two slots and all references to them. */
export function swapSlotsFunction({ slots }: ReducedProgram, at: Addresses): Code {
  const code = new Code(2);
  if (slots === undefined) return code;
  const x = code.local();
  const differ = code.local();
  const [firstAddress, secondAddress] = [code.local(), code.local()];
  const [firstShift, secondShift] = [code.local(), code.local()];
  const place = (cell: Cell, slot: number, address: number, shift: number): void => {
    const [word, rest] = cell.count > cell.perWord ? (["div_u", "rem_u"] as const) : [undefined, undefined];
    if (word === undefined) code.const(0).set(address);
    else code.get(slot).const(cell.perWord).op(word).const(2).op("shl").set(address);
    code.get(slot);
    if (rest !== undefined) code.const(cell.perWord).op(rest);
    code.const(cell.width).op("mul").const(cell.shift).op("add").set(shift);
  };
  for (const cell of slots.elements) {
    const offset = at.state + cell.word * 4;
    place(cell, 0, firstAddress, firstShift);
    place(cell, 1, secondAddress, secondShift);
    code.get(firstAddress).load(offset).get(firstShift).op("shr_u");
    code.get(secondAddress).load(offset).get(secondShift).op("shr_u");
    code.op("xor").const(maskOf(cell)).op("and").set(differ);
    for (const [address, shift] of [
      [firstAddress, firstShift],
      [secondAddress, secondShift],
    ] as const) {
      code.get(address).get(address).load(offset);
      code.get(differ).get(shift).op("shl").op("xor").store(offset);
    }
  }
  for (const reference of slots.references) {
    eachElement(reference, at.state, (address, shift) => {
      if (reference.kind === "mask") {
        code.const(0).load(address).tee(x);
        code.get(0).const(shift).op("add").tee(firstShift).op("shr_u").get(x);
        code.get(1).const(shift).op("add").tee(secondShift).op("shr_u");
        code.op("xor").const(1).op("and").set(differ);
        code.const(0).get(x);
        code.get(differ).get(firstShift).op("shl").get(differ).get(secondShift).op("shl").op("or");
        code.op("xor").store(address);
        return;
      }
      const bits = bitsOf(reference, slots);
      code.const(0).load(address).const(shift).op("shr_u").const(maskOf(reference.cell)).op("and").set(x);
      // The word changes by ((x is of i) - (x is of j)) * (j - i) * bits at the field's place; nothing can carry out of it.
      code.const(0).const(0).load(address);
      pushRefersTo(code, x, 0, bits);
      pushRefersTo(code, x, 1, bits);
      code.op("sub").get(1).get(0).op("sub").op("mul").const(bits).op("mul").const(shift).op("shl");
      code.op("add").store(address);
    });
  }
  return code;
}

/** checkSlots(): notes in the header when an allocation to come can tell free slots apart. */
export function checkSlotsFunction({ slots }: ReducedProgram, at: Addresses): Code {
  const code = new Code(0);
  const phase = slots?.phase;
  if (slots === undefined || !slots.allocates || phase === undefined) return code;
  const named = code.local();
  const free = code.local();
  const x = code.local();
  const element = (cell: Cell, slot: number): void => {
    const shift = cell.shift + (slot % cell.perWord) * cell.width;
    code.const(0).load(at.state + (cell.word + Math.floor(slot / cell.perWord)) * 4);
    code.const(shift).op("shr_u").const(maskOf(cell)).op("and");
  };
  const differ = (): Code => code.const(0).const(1).store(HEADER.slotsDiffer).return();
  code.call(F.named).tee(named).const(ALLOCATES).op("and").op("eqz");
  code.if(() => code.return());
  for (let slot = 0; slot < slots.count; slot++) {
    element(phase, slot);
    code.op("eqz").const(slot).op("shl");
    if (slot > 0) code.op("or");
  }
  code.tee(free).op("eqz");
  code.if(() => code.return());
  code.get(free).get(named).op("and");
  code.if(differ);
  for (let slot = 0; slot < slots.count; slot++) {
    code
      .get(free)
      .const(1 << slot)
      .op("and");
    code.if(() => {
      for (const [i, cell] of slots.elements.entries()) {
        element(cell, slot);
        if (i > 0) code.op("or");
      }
      code.if(differ);
    });
  }
  for (const reference of slots.references) {
    eachElement(reference, at.state, (address, shift) => {
      code.const(0).load(address).const(shift).op("shr_u").const(maskOf(reference.cell)).op("and").tee(x);
      if (reference.kind === "mask") {
        code.get(free).op("and");
        code.if(differ);
        return;
      }
      code.if(() => {
        code.get(free).get(x).const(1).op("sub").const(bitsOf(reference, slots)).op("div_u").op("shr_u");
        code.const(1).op("and");
        code.if(differ);
      });
    });
  }
  return code;
}

/** canonicalize(): sorts threads, then swaps slots as long as that makes the state smaller. */
export function canonicalizeFunction({ program, slots }: ReducedProgram, at: Addresses): Code {
  const code = new Code(0);
  code.call(F.sortThreads);
  if (slots === undefined) return code;
  const movable = code.local();
  const [i, j, again] = [code.local(), code.local(), code.local()];
  const { words } = program;
  const copy = (from: number, to: number): void => {
    for (let w = 0; w < words; w++)
      code
        .const(0)
        .const(0)
        .load(from + w * 4)
        .store(to + w * 4);
  };
  const isMovable = (slot: number): Code => code.get(movable).get(slot).op("shr_u").const(1).op("and");
  const count = (slot: number, inside: () => void): void => {
    // The body is a block: leaving it goes on with the next slot.
    code.block(() => {
      code.loop(() => {
        code.get(slot).const(slots.count).op("ge_u").brIf(1);
        code.block(inside);
        code.get(slot).const(1).op("add").set(slot);
        code.br(0);
      });
    });
  };
  code.const((1 << slots.count) - 1);
  code.call(F.named).const(-1).op("xor").op("and").tee(movable);
  code.op("popcnt").const(2).op("lt_u");
  code.if(() => code.return());
  code.loop(() => {
    code.const(0).set(again).const(0).set(i);
    count(i, () => {
      isMovable(i).op("eqz").brIf(0);
      code.get(i).const(1).op("add").set(j);
      count(j, () => {
        isMovable(j).op("eqz").brIf(0);
        copy(at.state, at.before);
        code.get(i).get(j).call(F.swapSlots).call(F.sortThreads);
        code.block(() => {
          code.block(() => {
            leaveUnlessGreater(code, at.before, at.state, words);
            code.const(1).set(again).br(1);
          });
          copy(at.before, at.state);
        });
      });
    });
    code.get(again).brIf(0);
  });
  return code;
}
