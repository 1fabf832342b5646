/** The state store in WebAssembly: records in chunks, and a hash table of (hash, index + 1). As state-store.ts. */
import { Code } from "./wasm-encoder.ts";
import { CHUNK_BITS, CHUNK_STATES, CHUNKS, F, HEADER } from "./wasm-layout.ts";

export interface StoreShape {
  /** Words of a state. */
  readonly words: number;
  /** Address of the state that is worked on. */
  readonly state: number;
}

/** hash(address of a state): as hashWords(). */
export function hashFunction({ words }: StoreShape): Code {
  const code = new Code(1);
  const hash = code.local();
  code.const(0x9e3779b9 | 0).set(hash);
  for (let w = 0; w < words; w++) {
    code
      .get(hash)
      .get(0)
      .load(w * 4)
      .op("xor")
      .const(0x85ebca6b | 0)
      .op("mul")
      .tee(hash);
    code.get(hash).const(15).op("shr_u").op("xor").set(hash);
  }
  code
    .get(hash)
    .const(0xc2b2ae35 | 0)
    .op("mul")
    .tee(hash);
  code.get(hash).const(16).op("shr_u").op("xor");
  return code;
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

/** insert(parent): stores the state worked on unless it is there. */
export function insertFunction({ words, state }: StoreShape): Code {
  const code = new Code(1);
  const slot = code.local();
  const hash = code.local();
  const entry = code.local();
  const at = code.local();
  const mask = code.local();
  const table = code.local();
  code.const(0).load(HEADER.tableMask).set(mask);
  code.const(0).load(HEADER.tableBase).set(table);
  code.const(state).call(F.hash).tee(hash).get(mask).op("and").set(slot);
  code.block(() => {
    code.loop(() => {
      // Entries are the hash and index + 1; 0 is empty. The hash spares looking at most other states.
      code.get(table).get(slot).const(3).op("shl").op("add").tee(at).load(4).tee(entry).op("eqz").brIf(1);
      code.block(() => {
        code.get(at).load(0).get(hash).op("ne").brIf(0);
        code.get(entry).const(1).op("sub").call(F.address).set(entry);
        for (let w = 0; w < words; w++) {
          code
            .get(entry)
            .load(w * 4)
            .const(0)
            .load(state + w * 4)
            .op("ne")
            .brIf(0);
        }
        code.return();
      });
      code.get(slot).const(1).op("add").get(mask).op("and").set(slot);
      code.br(0);
    });
  });
  const count = code.local();
  code.const(0).load(HEADER.count).tee(count).call(F.address).set(entry);
  for (let w = 0; w < words; w++)
    code
      .get(entry)
      .const(0)
      .load(state + w * 4)
      .store(w * 4);
  code
    .get(entry)
    .get(0)
    .store(words * 4);
  code.const(0).get(count).const(1).op("add").tee(count).store(HEADER.count);
  code.get(at).get(hash).store(0);
  code.get(at).get(count).store(4);
  return code;
}

/** rehash(): enters all stored states into the (empty) table that the header names. */
export function rehashFunction(): Code {
  const code = new Code(0);
  const index = code.local();
  const slot = code.local();
  const hash = code.local();
  const mask = code.local();
  const table = code.local();
  code.const(0).load(HEADER.tableMask).set(mask);
  code.const(0).load(HEADER.tableBase).set(table);
  code.block(() => {
    code.loop(() => {
      code.get(index).const(0).load(HEADER.count).op("ge_u").brIf(1);
      code.get(index).call(F.address).call(F.hash).tee(hash).get(mask).op("and").set(slot);
      code.block(() => {
        code.loop(() => {
          code.get(table).get(slot).const(3).op("shl").op("add").load(4).op("eqz").brIf(1);
          code.get(slot).const(1).op("add").get(mask).op("and").set(slot);
          code.br(0);
        });
      });
      code.get(table).get(slot).const(3).op("shl").op("add").tee(slot).get(hash).store(0);
      code.get(slot);
      code.get(index).const(1).op("add").tee(index).store(4);
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
  for (let w = 0; w < words; w++)
    code
      .const(0)
      .get(from)
      .load(w * 4)
      .store(state + w * 4);
  return code;
}
