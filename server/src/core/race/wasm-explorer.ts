/**
 * The explorer's loops in WebAssembly: the same as expander.ts, search.ts and state-store.ts, step for step, so that both
 * engines number the states alike. Program-specific code comes from wasm-program.ts.
 */

import { Code, encodeModule, type WasmFunction } from "../wasm/encoder.ts";
import { MAX_CHAIN, type ReducedProgram } from "./expander.ts";
import { ALWAYS, type IndexForm } from "./independence.ts";
import type { Template, ThreadInstance } from "./program.ts";
import { type Addresses, ANSWER, F, HEADER, ROOM, THREAD } from "./wasm-layout.ts";
import { enabledFunction, invariantFunction, takeFunction } from "./wasm-program.ts";
import {
  addressFunction,
  enterFunction,
  flushFunction,
  insertFunction,
  pushBatchFull,
  rehashFunction,
  restoreFunction,
  type StoreShape,
} from "./wasm-store.ts";
import {
  canonicalizeFunction,
  checkSlotsFunction,
  namedFunction,
  sortThreadsFunction,
  swapSlotsFunction,
} from "./wasm-symmetry.ts";

const FIRST_TEMPLATE = 19;

export function writeExplorer(
  reduced: ReducedProgram,
  at: Addresses,
  pages: number,
  checksDeadlock: boolean,
): Uint8Array {
  return new ExplorerWriter(reduced, at, checksDeadlock).write(pages);
}

class ExplorerWriter {
  readonly #reduced: ReducedProgram;
  readonly #at: Addresses;
  readonly #store: StoreShape;
  readonly #threads: number;
  readonly #checksDeadlock: boolean;

  constructor(reduced: ReducedProgram, at: Addresses, checksDeadlock: boolean) {
    this.#reduced = reduced;
    this.#at = at;
    this.#store = { words: reduced.program.words, state: at.state, pending: at.pending };
    this.#threads = reduced.program.threads.length;
    this.#checksDeadlock = checksDeadlock;
  }

  write(pages: number): Uint8Array {
    const { program } = this.#reduced;
    const result = (code: Code): WasmFunction => ({ code, result: true });
    const functions: WasmFunction[] = [
      result(this.#dispatch(1, 0)),
      result(this.#dispatch(2, 1)),
      result(this.#clashes()),
      result(this.#persistent()),
      { code: canonicalizeFunction(this.#reduced, this.#at), result: false, exported: "canonicalize" },
      { code: insertFunction(this.#store), result: false, exported: "insert" },
      result(this.#finish()),
      { code: invariantFunction(program, this.#at.state), result: true, exported: "invariants" },
      { code: restoreFunction(this.#store), result: false, exported: "restore" },
      result(this.#expand()),
      { code: this.#run(), result: true, exported: "run" },
      { code: rehashFunction(), result: false, exported: "rehash" },
      { code: flushFunction(this.#store), result: true, exported: "flush" },
      result(addressFunction(this.#store)),
      { code: enterFunction(this.#store), result: false },
      { code: sortThreadsFunction(this.#reduced, this.#at), result: false },
      result(namedFunction(this.#reduced, this.#at)),
      { code: swapSlotsFunction(this.#reduced, this.#at), result: false },
      { code: checkSlotsFunction(this.#reduced, this.#at), result: false, exported: "checkSlots" },
    ];
    for (const template of program.templates) {
      functions.push(result(enabledFunction(program, template, this.#at.state)));
      functions.push(result(takeFunction(program, template, this.#at.state)));
    }
    return encodeModule(functions, pages);
  }

  /** enabled(thread) or take(thread, transition): to the template's function with the thread's base. */
  #dispatch(parameters: number, which: 0 | 1): Code {
    const code = new Code(parameters);
    code.switchOn(
      () => code.get(0),
      this.#reduced.program.threads.map((thread) => () => {
        code.const(this.#at.state + thread.base * 4);
        if (which === 1) code.get(1);
        code.call(FIRST_TEMPLATE + thread.template * 2 + which);
      }),
      () => code.const(0),
    );
    return code;
  }

  /** Pushes the address of the record of the thread in `local`. */
  #record(code: Code, local: number): void {
    code.get(local).const(THREAD.bytes).op("mul").const(this.#at.threads).op("add");
  }

  /** Pushes the pc of the thread whose record's address is in `local`. */
  #pc(code: Code, local: number): void {
    code.get(local).load(THREAD.pcAddress).load(0);
    code.get(local).load(THREAD.pcShift).op("shr_u");
    code.get(local).load(THREAD.pcMask).op("and");
  }

  /** Pushes `offset` of the thread's template + its pc: its row in the tables. */
  #row(code: Code, thread: ThreadInstance): void {
    const { pc } = this.#reduced.program.templates[thread.template] as Template;
    code.const(0).load(this.#at.state + (thread.base + pc.word) * 4);
    if (pc.shift > 0) code.const(pc.shift).op("shr_u");
    code.const(2 ** pc.width - 1).op("and");
    code.const(this.#reduced.independence?.offset[thread.template] ?? 0).op("add");
  }

  /** clashes(list, base of mine, base of the other): 1 if the indexes of one of the list's conditions are equal. */
  #clashes(): Code {
    const code = new Code(3);
    const side = (form: IndexForm, base: number): void => {
      if (form.kind !== "local") {
        code.const(form.kind === "const" ? form.value : 0);
        return;
      }
      const { word, shift, width } = form.cell;
      code.get(base).load(word * 4);
      if (shift > 0) code.const(shift).op("shr_u");
      if (shift + width < 32) code.const((1 << width) - 1).op("and");
      if (form.offset !== 0) code.const(form.offset).op("add");
    };
    code.switchOn(
      () => code.get(0),
      (this.#reduced.independence?.conditions ?? []).map((list) => () => {
        for (const [i, { mine, theirs }] of list.entries()) {
          side(mine, 1);
          side(theirs, 2);
          code.op("eq");
          if (i > 0) code.op("or");
        }
      }),
      () => code.const(1),
    );
    return code;
  }

  /** persistent(): a thread that may be run alone, or -1; its enabled transitions go to the header. */
  #persistent(): Code {
    const code = new Code(0);
    const { independence, program } = this.#reduced;
    if (independence === undefined) return code.const(-1);
    const rows = program.threads.map((thread) => {
      const row = code.local();
      this.#row(code, thread);
      code.set(row);
      return row;
    });
    const enabled = code.local();
    const line = code.local();
    const clash = code.local();
    for (const [t, thread] of program.threads.entries()) {
      const row = rows[t] as number;
      const base = this.#at.state + thread.base * 4;
      code.block(() => {
        code.get(row).loadByte(this.#at.candidate).op("eqz").brIf(0);
        code
          .get(row)
          .const(independence.size * 2)
          .op("mul")
          .set(line);
        for (const [u, other] of program.threads.entries()) {
          if (u === t) continue;
          code
            .get(line)
            .get(rows[u] as number)
            .const(1)
            .op("shl")
            .op("add")
            .loadHalf(this.#at.clash)
            .tee(clash);
          code.if(() => {
            code.get(clash).const(ALWAYS).op("eq").brIf(1);
            code.get(clash).const(2).op("sub").const(base);
            code
              .const(this.#at.state + other.base * 4)
              .call(F.clashes)
              .brIf(1);
          });
        }
        code
          .const(base)
          .call(FIRST_TEMPLATE + thread.template * 2)
          .tee(enabled);
        code.get(row).const(2).op("shl").load(this.#at.spurious).const(-1).op("xor").op("and").op("eqz").brIf(0);
        code.const(0).get(enabled).store(HEADER.alone);
        code.const(t).return();
      });
    }
    code.const(-1);
    return code;
  }

  #countTransition(code: Code): void {
    code.const(0).const(0).load(HEADER.transitions).const(1).op("add").store(HEADER.transitions);
  }

  /** finish(parent): after a step without violation. 0, or a violation met on the way. */
  #finish(): Code {
    const code = new Code(1);
    const violation = code.local();
    const thread = code.local();
    const length = code.local();
    code.call(F.invariants).tee(violation);
    code.if(() => code.get(violation).return());
    const checksSlots = this.#reduced.slots?.allocates === true;
    if (checksSlots) code.call(F.checkSlots);
    if (this.#reduced.reductions.lockRegions) {
      code.const(1).set(length);
      code.block(() => {
        code.loop(() => {
          code.get(length).const(MAX_CHAIN).op("ge_u").brIf(1);
          code.call(F.persistent).tee(thread).const(0).op("lt_s").brIf(1);
          code.const(0).load(HEADER.alone).op("popcnt").const(1).op("ne").brIf(1);
          this.#countTransition(code);
          code.get(thread).const(0).load(HEADER.alone).op("ctz").call(F.take).tee(violation);
          code.if(() => code.get(violation).return());
          if (checksSlots) code.call(F.checkSlots);
          code.get(length).const(1).op("add").set(length);
          code.br(0);
        });
      });
    }
    if (this.#reduced.slots !== undefined) code.call(F.canonicalize);
    else if (this.#reduced.groups.length > 0) code.call(F.sortThreads);
    code.get(0).call(F.insert);
    code.const(0);
    return code;
  }

  /** expand(index): 0, or the answer `violation` or `deadlock`. */
  #expand(): Code {
    const code = new Code(1);
    const thread = code.local();
    const enabled = code.local();
    const violation = code.local();
    const progress = code.local();
    const record = code.local();
    const takeAll = (): void => {
      // All transitions in `enabled` of `thread`; the state is restored after each.
      code.block(() => {
        code.loop(() => {
          code.get(enabled).op("eqz").brIf(1);
          this.#countTransition(code);
          code.get(thread).get(enabled).op("ctz").call(F.take).tee(violation).op("eqz");
          code.if(() => code.get(0).call(F.finish).set(violation));
          code.get(violation);
          code.if(() => {
            code.get(violation).loadByte(this.#at.artefacts);
            code.if(
              () => {
                code.const(0).load(HEADER.artefactParent).op("eqz");
                code.if(() => {
                  code.const(0).get(0).const(1).op("add").store(HEADER.artefactParent);
                  code.const(0).get(violation).store(HEADER.artefact);
                });
              },
              () => {
                code.const(0).get(0).store(HEADER.violationParent);
                code.const(0).get(violation).store(HEADER.violation);
                code.const(ANSWER.violation).return();
              },
            );
          });
          code.get(0).call(F.restore);
          code.get(enabled).get(enabled).const(1).op("sub").op("and").set(enabled);
          code.br(0);
        });
      });
    };
    code.get(0).call(F.restore);
    if (this.#reduced.reductions.partialOrder) {
      code.call(F.persistent).tee(thread).const(0).op("ge_s");
      code.if(() => {
        code.const(0).load(HEADER.alone).set(enabled);
        takeAll();
        code.const(0).return();
      });
      code.const(0).set(thread);
    }
    code.loop(() => {
      this.#record(code, thread);
      code.set(record);
      code.get(thread).call(F.enabled).tee(enabled);
      code.if(() => {
        code.get(progress).get(enabled);
        code.get(record).load(THREAD.row);
        this.#pc(code, record);
        code.op("add").const(2).op("shl").load(this.#at.spurious).const(-1).op("xor").op("and");
        code.op("or").set(progress);
        takeAll();
      });
      code.get(thread).const(1).op("add").tee(thread).const(this.#threads).op("lt_u").brIf(0);
    });
    if (this.#checksDeadlock) {
      code.get(progress).op("eqz");
      code.if(() => {
        code.const(0).set(thread);
        code.loop(() => {
          this.#record(code, thread);
          code.tee(record).load(THREAD.end).const(0).op("ge_s");
          code.if(() => {
            this.#pc(code, record);
            code.get(record).load(THREAD.end).op("ne");
            code.if(() => {
              code.const(0).get(0).store(HEADER.violationParent);
              code.const(ANSWER.deadlock).return();
            });
          });
          code.get(thread).const(1).op("add").tee(thread).const(this.#threads).op("lt_u").brIf(0);
        });
      });
    }
    code.const(0);
    return code;
  }

  /** run(n): expands n states; says why it stopped. All states found have then been entered. */
  #run(): Code {
    const code = new Code(1);
    const next = code.local();
    const answer = code.local();
    const flush = (): Code => code.call(F.flush).op("drop");
    code.loop(() => {
      code.get(0).op("eqz");
      code.if(() => flush().const(ANSWER.portion).return());
      code.const(0).load(HEADER.next).tee(next).const(0).load(HEADER.count).op("ge_u");
      code.if(() => {
        // Those that wait may be new.
        flush().get(next).const(0).load(HEADER.count).op("ge_u");
        code.if(() => code.const(ANSWER.exhausted).return());
      });
      code.const(0).load(HEADER.count).const(ROOM).op("add").const(0).load(HEADER.capacity).op("gt_u");
      code.if(() => flush().const(ANSWER.room).return());
      code.const(0).get(next).const(1).op("add").store(HEADER.next);
      code.get(next).call(F.expand).tee(answer);
      code.if(() => flush().get(answer).return());
      pushBatchFull(code, this.#store.words);
      code.if(flush);
      // Near the limit every state is entered at once, so that the search stops where the interpreter does.
      code.const(0).load(HEADER.count).const(ROOM).op("add").const(0).load(HEADER.maxStates).op("gt_u");
      code.if(() => {
        flush().const(0).load(HEADER.count).const(0).load(HEADER.maxStates).op("gt_u");
        code.if(() => code.const(ANSWER.limit).return());
      });
      code.get(0).const(1).op("sub").set(0);
      code.br(0);
    });
    code.unreachable();
    return code;
  }
}
