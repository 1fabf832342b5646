import {
  at,
  available,
  field,
  global,
  number,
  one,
  type Primitive,
  simple,
  slotArgument,
  takeMemory,
} from "./primitive-helpers.ts";
import { binary, type Cell, constant, FALSE, not, truth } from "./program.ts";

export const MEMORY_AND_FILESYSTEM: Record<string, Primitive> = {
  alloc_nf: {
    parameters: "pages",
    run(step, args) {
      // A no-fail allocation: loops until there is memory (mm/page_alloc.c:4563-4584).
      const amount = number(step, one(step, args));
      step.block(simple(binary(">=", available(step), amount)), "memory", "memory for a no-fail allocation");
      takeMemory(step, amount);
    },
  },
  free_pages: {
    parameters: "pages",
    run(step, args) {
      const free = global(step, "free");
      step.store(free, binary("+", at(free), number(step, one(step, args))), undefined, "free");
    },
  },
  io_wait: {
    parameters: "",
    run(step) {
      if (step.memalloc && step.checks("RECL")) step.assert(FALSE, "RECL", "a PF_MEMALLOC task waits for I/O");
    },
  },
  dirty: {
    parameters: "slot",
    run(step, args) {
      const index = slotArgument(step, one(step, args), "dirty()");
      if (step.memalloc && step.checks("DIRT")) step.assert(FALSE, "DIRT", "a PF_MEMALLOC task dirties an inode");
      const dirty = field(step, "DIRTY");
      if (dirty) step.set(dirty, constant(1), index);
    },
  },
  tx_begin: {
    parameters: "",
    run(step) {
      if (step.memalloc && step.checks("DIRT")) step.assert(FALSE, "DIRT", "a PF_MEMALLOC task starts a transaction");
      const handles = global(step, "tx.handles");
      step.block(simple(not(at(global(step, "tx.locked")))), "condition", "the journal commit to finish");
      step.store(handles, binary("+", at(handles), constant(1)), undefined, "tx.handles");
    },
  },
  tx_end: {
    parameters: "",
    run(step) {
      const handles = global(step, "tx.handles");
      step.store(handles, binary("-", at(handles), constant(1)), undefined, "tx.handles");
    },
  },
  commit_start: { parameters: "", run: (step) => step.set(global(step, "tx.locked"), constant(1)) },
  commit_wait: {
    parameters: "",
    run: (step) =>
      step.block(simple(not(truth(at(global(step, "tx.handles"))))), "condition", "all handles to be closed"),
  },
  commit_done: { parameters: "", run: (step) => step.set(global(step, "tx.locked"), constant(0)) },
  start_intwrite: {
    parameters: "",
    run(step) {
      const writers = global(step, "sb.writers");
      step.block(simple(not(at(global(step, "sb.frozen")))), "condition", "the filesystem to be thawed");
      step.store(writers, binary("+", at(writers), constant(1)), undefined, "sb.writers");
    },
  },
  end_intwrite: {
    parameters: "",
    run(step) {
      const writers = global(step, "sb.writers");
      step.store(writers, binary("-", at(writers), constant(1)), undefined, "sb.writers");
    },
  },
  freeze: { parameters: "", run: (step) => step.set(global(step, "sb.frozen"), constant(1)) },
  freeze_wait: {
    parameters: "",
    run: (step) => step.block(simple(not(truth(at(global(step, "sb.writers"))))), "condition", "writers to leave"),
  },
  thaw: { parameters: "", run: (step) => step.set(global(step, "sb.frozen"), constant(0)) },
  put_super: {
    parameters: "",
    run(step) {
      const dead = global(step, "sb.dead");
      const phase = field(step, "phase");
      if (phase && step.checks("UMNT")) {
        for (let slot = 0; slot < phase.count; slot++) {
          step.assert(
            binary("!=", at(phase, constant(slot)), constant(1)),
            "UMNT",
            "put_super() runs while an inode of the filesystem is alive",
          );
        }
      }
      step.set(dead, constant(1));
    },
  },
  use_fs: {
    parameters: "",
    run(step) {
      step.assert(not(at(global(step, "sb.dead"))), "UMNT", "filesystem structures are used after put_super()");
    },
  },
  disk_write: {
    parameters: "slot",
    run(step, args) {
      const index = slotArgument(step, one(step, args), "disk_write()");
      const gen = field(step, "gen") as Cell;
      step.assert(
        binary("==", at(gen, index), at(global(step, "disk.gen"))),
        "GEN",
        "the on-disk inode is written by a slot of another generation",
      );
    },
  },
};
