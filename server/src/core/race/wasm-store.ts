/**
 * The state store in WebAssembly: records in chunks, and a hash table of (hash, index + 1). As state-store.ts, but entered
 * in batches. States are numbered in the order in which they are found, whatever the hash function.
 */
import { Code, I64 } from "../wasm/encoder.ts";
import { BATCH, CHUNK_BITS, CHUNK_STATES, CHUNKS, F, HEADER, PENDING, pendingBytes } from "./wasm-layout.ts";

export interface StoreShape {
  /** Words of a state. */
  readonly words: number;
  /** Address of the state that is worked on. */
  readonly state: number;
  /** Address of the successors that wait. */
  readonly pending: number;
}

// An odd constant with well mixed bits (from splitmix64).
const MULTIPLIER = 0xbf58476d1ce4e5b9n;

/** Calls `wide` for each pair of words and `single` for the last one of an odd number, with their offsets in bytes. */
function eachPair(words: number, wide: (offset: number) => void, single: (offset: number) => void): void {
  for (let w = 0; w + 1 < words; w += 2) wide(w * 4);
  if (words % 2 === 1) single((words - 1) * 4);
}

/** address(index): of a stored state; its parent follows its words. */
export function addressFunction({ words }: StoreShape): Code {
  const code = new Code(1);
  code.get(0).const(CHUNK_BITS).op("shr_u").const(2).op("shl").load(CHUNKS);
  code
    .get(0)
    .const(CHUNK_STATES - 1)
    .op("and")
    .const((words + 1) * 4)
    .op("mul")
    .op("add");
  return code;
}

/** insert(parent): the state worked on waits to be entered. */
export function insertFunction({ words, state, pending }: StoreShape): Code {
  const code = new Code(1);
  const at = code.local();
  const hash = code.local(I64);
  const pair = code.local(I64);
  const short = code.local();
  code.const(0).load(HEADER.pending).set(at);
  code.const64(0x9e3779b97f4a7c15n).set(hash);
  const mix = (): void => {
    // hash = (hash ^ pair) * m; hash ^= hash >> 32
    code.get(hash).op("xor64").const64(MULTIPLIER).op("mul64").tee(hash);
    code.get(hash).const64(32n).op("shr64_u").op("xor64").set(hash);
  };
  eachPair(
    words,
    (offset) => {
      code.get(at);
      code
        .const(0)
        .load64(state + offset)
        .tee(pair);
      code.store64(pending + PENDING.state + offset).get(pair);
      mix();
    },
    (offset) => {
      code.get(at);
      code
        .const(0)
        .load(state + offset)
        .tee(short);
      code.store(pending + PENDING.state + offset);
      code.get(short).op("extend_u");
      mix();
    },
  );
  code.get(hash).const64(MULTIPLIER).op("mul64").const64(32n).op("shr64_u").op("wrap").set(short);
  code
    .get(at)
    .get(short)
    .store(pending + PENDING.hash);
  code
    .get(at)
    .get(0)
    .store(pending + PENDING.parent);
  code.const(0).get(at).const(pendingBytes(words)).op("add").store(HEADER.pending);
  return code;
}

/** Pushes the address of the table's entry `slot`. */
function entryAddress(code: Code, table: number, slot: number): void {
  code.get(table).get(slot).const(3).op("shl").op("add");
}

/** flush(): enters the states that wait, unless they are there. Returns something that depends on all it has read. */
export function flushFunction({ words, pending }: StoreShape): Code {
  const code = new Code(0);
  const stride = pendingBytes(words);
  const end = code.local();
  const one = code.local();
  const slot = code.local();
  const hash = code.local();
  const entry = code.local();
  const at = code.local();
  const mask = code.local();
  const table = code.local();
  const fetched = code.local();
  code.const(0).load(HEADER.pending).tee(end).op("eqz");
  code.if(() => code.const(0).return());
  code.const(0).const(0).store(HEADER.pending);
  code.const(0).load(HEADER.tableMask).set(mask);
  code.const(0).load(HEADER.tableBase).set(table);
  // First touch everything: these reads don't wait for each other.
  const each = (visit: () => void): void => {
    code.const(0).set(one);
    code.loop(() => {
      code
        .get(one)
        .load(pending + PENDING.hash)
        .tee(hash)
        .get(mask)
        .op("and")
        .set(slot);
      visit();
      code.get(one).const(stride).op("add").tee(one).get(end).op("lt_u").brIf(0);
    });
  };
  each(() => {
    entryAddress(code, table, slot);
    code.load(4).get(fetched).op("add").set(fetched);
  });
  each(() => {
    entryAddress(code, table, slot);
    code.tee(at).load(0).get(hash).op("eq");
    code.if(() => {
      code.get(at).load(4).const(1).op("sub").tee(entry).const(0).op("ge_s");
      code.if(() => code.get(entry).call(F.address).load(0).get(fetched).op("add").set(fetched));
    });
  });
  each(() => code.get(one).call(F.enter));
  code.get(fetched);
  return code;
}

/** enter(offset): stores one of the states that wait unless it is there. */
export function enterFunction({ words, pending }: StoreShape): Code {
  const code = new Code(1);
  const slot = code.local();
  const hash = code.local();
  const entry = code.local();
  const at = code.local();
  const mask = code.local();
  const table = code.local();
  code.const(0).load(HEADER.tableMask).set(mask);
  code.const(0).load(HEADER.tableBase).set(table);
  code
    .get(0)
    .load(pending + PENDING.hash)
    .tee(hash)
    .get(mask)
    .op("and")
    .set(slot);
  const first = pending + PENDING.state;
  code.block(() => {
    code.loop(() => {
      // Entries are the hash and index + 1; 0 is empty. The hash spares looking at most other states.
      entryAddress(code, table, slot);
      code.tee(at).load(4).tee(entry).op("eqz").brIf(1);
      code.block(() => {
        code.get(at).load(0).get(hash).op("ne").brIf(0);
        code.get(entry).const(1).op("sub").call(F.address).set(entry);
        eachPair(
          words,
          (offset) => {
            code.get(entry).load64(offset).get(0);
            code
              .load64(first + offset)
              .op("ne64")
              .brIf(0);
          },
          (offset) => {
            code.get(entry).load(offset).get(0);
            code
              .load(first + offset)
              .op("ne")
              .brIf(0);
          },
        );
        code.return();
      });
      code.get(slot).const(1).op("add").get(mask).op("and").set(slot);
      code.br(0);
    });
  });
  const count = code.local();
  code.const(0).load(HEADER.count).tee(count).call(F.address).set(entry);
  eachPair(
    words,
    (offset) => {
      code.get(entry).get(0);
      code.load64(first + offset).store64(offset);
    },
    (offset) => {
      code.get(entry).get(0);
      code.load(first + offset).store(offset);
    },
  );
  code
    .get(entry)
    .get(0)
    .load(pending + PENDING.parent)
    .store(words * 4);
  code.const(0).get(count).const(1).op("add").tee(count).store(HEADER.count);
  code.get(at).get(hash).store(0);
  code.get(at).get(count).store(4);
  return code;
}

/** Pushes 1 if a batch of states waits. */
export function pushBatchFull(code: Code, words: number): void {
  code
    .const(0)
    .load(HEADER.pending)
    .const(pendingBytes(words) * BATCH)
    .op("ge_u");
}

/** rehash(): enters all of the old table into the (empty) new one, both named by the header. */
export function rehashFunction(): Code {
  const code = new Code(0);
  const from = code.local();
  const end = code.local();
  const entry = code.local();
  const slot = code.local();
  const hash = code.local();
  const mask = code.local();
  const table = code.local();
  code.const(0).load(HEADER.tableMask).set(mask);
  code.const(0).load(HEADER.tableBase).set(table);
  code.const(0).load(HEADER.oldBase).tee(from);
  code.const(0).load(HEADER.oldEntries).const(3).op("shl").op("add").set(end);
  code.block(() => {
    code.loop(() => {
      code.get(from).get(end).op("ge_u").brIf(1);
      code.get(from).load(4).tee(entry);
      code.if(() => {
        code.get(from).load(0).tee(hash).get(mask).op("and").set(slot);
        code.block(() => {
          code.loop(() => {
            entryAddress(code, table, slot);
            code.load(4).op("eqz").brIf(1);
            code.get(slot).const(1).op("add").get(mask).op("and").set(slot);
            code.br(0);
          });
        });
        entryAddress(code, table, slot);
        code.tee(slot).get(hash).store(0);
        code.get(slot).get(entry).store(4);
      });
      code.get(from).const(8).op("add").set(from);
      code.br(0);
    });
  });
  return code;
}

/** restore(index): a stored state becomes the one worked on. */
export function restoreFunction({ words, state }: StoreShape): Code {
  const code = new Code(1);
  const from = code.local();
  code.get(0).call(F.address).set(from);
  eachPair(
    words,
    (offset) =>
      code
        .const(0)
        .get(from)
        .load64(offset)
        .store64(state + offset),
    (offset) =>
      code
        .const(0)
        .get(from)
        .load(offset)
        .store(state + offset),
  );
  return code;
}
