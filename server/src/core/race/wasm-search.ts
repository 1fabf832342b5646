/** The generated engine: sets up its memory, lets it run in portions, and gives it room when it asks. */

import { instantiate, type WasmMemory } from "../wasm/host.ts";
import type { ReducedProgram } from "./expander.ts";
import type { Search, SearchOptions, SearchResult } from "./search.ts";
import { writeExplorer } from "./wasm-explorer.ts";
import {
  type Addresses,
  ANSWER,
  BATCH,
  CHUNK_BITS,
  CHUNK_STATES,
  CHUNKS,
  HEADER,
  MAX_CHUNKS,
  MAX_MOVES,
  pendingBytes,
  ROOM,
  rowOffsets,
  STATE,
  THREAD,
} from "./wasm-layout.ts";

const PAGE = 65536;
const FIRST_TABLE = 8192;
/** Numbers of lists of conditions are 16 bits wide in the table, and each list is code. */
const MAX_LISTS = 10_000;

interface Exports {
  readonly memory: WasmMemory;
  readonly run: (states: number) => number;
  readonly rehash: () => void;
  readonly flush: () => void;
  readonly canonicalize: () => void;
  readonly insert: (parent: number) => void;
  readonly invariants: () => number;
  readonly checkSlots: () => void;
}

const align = (n: number): number => (n + 7) & ~7;

function addressesOf({ program, independence }: ReducedProgram): Addresses {
  const size = independence?.size ?? program.templates.reduce((sum, t) => sum + t.locations.length + 1, 0);
  const state = STATE;
  const threads = align(state + program.words * 4);
  const most = BATCH + MAX_MOVES;
  const candidate = align(threads + program.threads.length * THREAD.bytes);
  const spurious = align(candidate + size);
  const clash = align(spurious + size * 4);
  const artefacts = align(clash + (independence === undefined ? 0 : size * size * 2));
  const pending = align(artefacts + program.violations.length + 1);
  const named = align(pending + most * pendingBytes(program.words));
  const before = align(named + size * 4);
  return {
    state,
    threads,
    candidate,
    spurious,
    clash,
    artefacts,
    pending,
    named,
    before,
    end: align(before + program.words * 4),
  };
}

/** `undefined` where the host has no WebAssembly, or the model does not fit into the fixed widths of the tables. */
export function createWasmSearch(reduced: ReducedProgram, options: SearchOptions): Search | undefined {
  const { program } = reduced;
  const wide = program.templates.some((t) => t.locations.some((l) => l.transitions.length > 31));
  const moves = program.threads.length * 31;
  const manyLists = (reduced.independence?.conditions.length ?? 0) > MAX_LISTS;
  if (wide || manyLists || moves > MAX_MOVES) return undefined;
  const at = addressesOf(reduced);
  const exports = instantiate(writeExplorer(reduced, at, Math.ceil(at.end / PAGE), options.checksDeadlock));
  return exports === undefined ? undefined : new WasmSearch(reduced, options, at, exports as unknown as Exports);
}

class WasmSearch implements Search {
  readonly engine = "wasm";
  readonly #reduced: ReducedProgram;
  readonly #options: SearchOptions;
  readonly #at: Addresses;
  readonly #wasm: Exports;
  readonly #recordBytes: number;
  #words: Int32Array;
  #free: number;
  #chunks = 0;
  #tableEntries = FIRST_TABLE;
  #transitions = 0;
  #result: SearchResult | undefined;

  constructor(reduced: ReducedProgram, options: SearchOptions, at: Addresses, wasm: Exports) {
    this.#reduced = reduced;
    this.#options = options;
    this.#at = at;
    this.#wasm = wasm;
    this.#recordBytes = (reduced.program.words + 1) * 4;
    this.#words = new Int32Array(wasm.memory.buffer);
    this.#free = at.end;
    this.#fillTables();
    this.#newTable(FIRST_TABLE);
    this.#newChunk();
    this.#put(HEADER.maxStates, Math.min(options.maxStates, MAX_CHUNKS * CHUNK_STATES - ROOM));
    this.#words.set(reduced.program.initial, at.state >> 2);
    const violation = wasm.invariants();
    wasm.checkSlots();
    wasm.canonicalize();
    wasm.insert(-1);
    wasm.flush();
    if (violation !== 0) this.#result = { kind: "violation", parent: -1, violation };
  }

  #put(address: number, value: number): void {
    this.#words[address >>> 2] = value;
  }

  #header(address: number): number {
    return this.#words[address >>> 2] as number;
  }

  #fillTables(): void {
    const { program, independence } = this.#reduced;
    const at = this.#at;
    const bytes = new Uint8Array(this.#wasm.memory.buffer);
    const rows = rowOffsets(program);
    for (const [t, masks] of (this.#reduced.slots?.named ?? []).entries()) {
      for (const [l, mask] of masks.entries()) this.#put(at.named + ((rows[t] as number) + l) * 4, mask);
    }
    for (const thread of program.threads) {
      const template = program.templates[thread.template];
      if (template === undefined) continue;
      const record = at.threads + thread.index * THREAD.bytes;
      const base = at.state + thread.base * 4;
      this.#put(record + THREAD.pcAddress, base + template.pc.word * 4);
      this.#put(record + THREAD.pcShift, template.pc.shift);
      this.#put(record + THREAD.pcMask, 2 ** template.pc.width - 1);
      this.#put(record + THREAD.row, rows[thread.template] as number);
      this.#put(record + THREAD.end, template.daemon ? -1 : template.end);
    }
    for (const [t, template] of program.templates.entries()) {
      for (const [l, location] of template.locations.entries()) {
        const row = (rows[t] as number) + l;
        bytes[at.candidate + row] = independence?.candidate[row] ?? 0;
        let spurious = 0;
        for (const [i, transition] of location.transitions.entries()) if (transition.spurious) spurious |= 1 << i;
        this.#put(at.spurious + row * 4, spurious);
      }
    }
    for (const [i, violation] of program.violations.entries()) bytes[at.artefacts + i + 1] = violation.artefact ? 1 : 0;
    if (independence === undefined) return;
    const { clash } = independence;
    const halves = new Uint16Array(this.#wasm.memory.buffer);
    for (let i = 0; i < clash.length; i++) halves[(at.clash >>> 1) + i] = clash[i] as number;
  }

  /** Address of so many fresh bytes; undefined when the limit or the host's memory is reached. */
  #allocate(bytes: number): number | undefined {
    const address = this.#free;
    const end = address + align(bytes);
    if (end - this.#at.end > this.#options.maxBytes) return undefined;
    const missing = Math.ceil((end - this.#words.byteLength) / PAGE);
    // Each growth costs the host about as much as expanding a thousand states: some pages more, if there are any.
    if (missing > 0 && !this.#grow(missing + (this.#words.byteLength >>> 18)) && !this.#grow(missing)) return undefined;
    this.#free = end;
    return address;
  }

  #grow(pages: number): boolean {
    try {
      this.#wasm.memory.grow(pages);
    } catch {
      return false;
    }
    this.#words = new Int32Array(this.#wasm.memory.buffer);
    return true;
  }

  #newChunk(): boolean {
    const address = this.#chunks < MAX_CHUNKS ? this.#allocate(CHUNK_STATES * this.#recordBytes) : undefined;
    if (address === undefined) return false;
    this.#put(CHUNKS + this.#chunks * 4, address);
    this.#chunks++;
    this.#setCapacity();
    return true;
  }

  #setCapacity(): void {
    this.#put(HEADER.capacity, Math.min(this.#chunks * CHUNK_STATES, (this.#tableEntries >> 2) * 3));
  }

  #newTable(entries: number): boolean {
    const address = this.#allocate(entries * 8);
    if (address === undefined) return false;
    this.#tableEntries = entries;
    this.#put(HEADER.tableBase, address);
    this.#put(HEADER.tableMask, entries - 1);
    this.#setCapacity();
    return true;
  }

  /** More room for states and table; false at the limit. */
  #makeRoom(): boolean {
    const needed = this.states + ROOM;
    while (needed > this.#chunks * CHUNK_STATES) if (!this.#newChunk()) return false;
    while (needed > (this.#tableEntries >> 2) * 3) {
      this.#put(HEADER.oldBase, this.#header(HEADER.tableBase));
      this.#put(HEADER.oldEntries, this.#tableEntries);
      if (!this.#newTable(this.#tableEntries * 2)) return false;
      this.#wasm.rehash();
    }
    return true;
  }

  get slotsDiffer(): boolean {
    return this.#header(HEADER.slotsDiffer) !== 0;
  }
  get states(): number {
    return this.#header(HEADER.count);
  }
  get transitions(): number {
    return this.#transitions + (this.#header(HEADER.transitions) >>> 0);
  }
  get frontier(): number {
    return this.#header(HEADER.count) - this.#header(HEADER.next);
  }
  get bytes(): number {
    return this.#free - this.#at.end;
  }
  get artefact(): { readonly parent: number; readonly violation: number } | undefined {
    const parent = this.#header(HEADER.artefactParent);
    return parent === 0 ? undefined : { parent: parent - 1, violation: this.#header(HEADER.artefact) };
  }

  advance(states: number): SearchResult | undefined {
    if (this.#result !== undefined) return this.#result;
    const last = this.#header(HEADER.next) + states;
    while (true) {
      const left = last - this.#header(HEADER.next);
      if (left <= 0) return undefined;
      const answer = this.#wasm.run(left);
      this.#transitions += this.#header(HEADER.transitions) >>> 0;
      this.#put(HEADER.transitions, 0);
      if (answer === ANSWER.portion) return undefined;
      if (answer === ANSWER.room && this.#makeRoom()) continue;
      this.#result = this.#resultOf(answer);
      return this.#result;
    }
  }

  #resultOf(answer: number): SearchResult {
    const parent = this.#header(HEADER.violationParent);
    switch (answer) {
      case ANSWER.exhausted:
        return { kind: "exhausted" };
      case ANSWER.violation:
        return { kind: "violation", parent, violation: this.#header(HEADER.violation) };
      case ANSWER.deadlock:
        return { kind: "deadlock", state: parent };
      case ANSWER.room:
        return { kind: "limit", name: "maxBytes", value: this.#options.maxBytes };
      default:
        return { kind: "limit", name: "maxStates", value: this.#options.maxStates };
    }
  }

  #stateAddress(index: number): number {
    const chunk = this.#header(CHUNKS + (index >>> CHUNK_BITS) * 4);
    return chunk + (index & (CHUNK_STATES - 1)) * this.#recordBytes;
  }

  stateAt(index: number): Int32Array {
    const start = this.#stateAddress(index) >>> 2;
    return this.#words.slice(start, start + this.#reduced.program.words);
  }

  parentOf(index: number): number {
    return this.#words[(this.#stateAddress(index) >>> 2) + this.#reduced.program.words] as number;
  }
}
