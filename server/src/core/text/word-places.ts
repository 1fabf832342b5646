/**
 * Where in a text words stand that may be one of many: sixteen bytes at a time, in WebAssembly. A word is told by its first
 * sixteen letters and its length, both hashed; who is let through must be looked at again.
 */
import { Code, encodeModule, I64, V128 } from "../wasm/encoder.ts";
import { instantiate } from "../wasm/host.ts";

/** Most files fit. */
const ROOM_BYTES = 1 << 20;
const STEP = 16;
/** What is looked at behind the end of a text; zeros are no word. */
const MARGIN = 4 * STEP;
const SIEVE_BITS = 19;
const SIEVE = ROOM_BYTES + MARGIN;
/** Every other byte can begin a word, four bytes each. */
const PLACES = SIEVE + (1 << (SIEVE_BITS - 3));
const END = PLACES + 2 * ROOM_BYTES;
const PAGE = 1 << 16;
/** Odd numbers without a pattern: 2^64 divided by the golden ratio, and the second constant of SplitMix64. */
const GOLDEN = 0x9e3779b97f4a7c15n;
const MIXER = 0xbf58476d1ce4e5b9n;
const SPACE = 32;

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Lets the words of a text through from now on. */
  readonly learn: (length: number) => number;
  /** How many words of a text are let through; where they begin stands in the memory. */
  readonly find: (length: number) => number;
}

export class WordPlaces {
  readonly #exports: Exports;
  readonly #room: Uint8Array;
  readonly #sieve: Uint8Array;
  readonly #places: Int32Array;

  private constructor(exports: Exports) {
    const { buffer } = exports.memory;
    this.#exports = exports;
    this.#room = new Uint8Array(buffer, 0, SIEVE);
    this.#sieve = new Uint8Array(buffer, SIEVE, PLACES - SIEVE);
    this.#places = new Int32Array(buffer, PLACES, ROOM_BYTES / 2);
  }

  /** Null where there are no vectors. */
  static make(): WordPlaces | null {
    try {
      const module = encodeModule(
        [
          { code: codeOf(learn), result: true, exported: "learn" },
          { code: codeOf(note), result: true, exported: "find" },
        ],
        Math.ceil(END / PAGE),
      );
      const exports = instantiate(module) as Exports | undefined;
      return exports === undefined ? null : new WordPlaces(exports);
    } catch {
      return null;
    }
  }

  /** Lets these words through, each of at most as many bytes as the room has, and no others. */
  learn(words: Iterable<Uint8Array>): void {
    this.#sieve.fill(0);
    let length = 0;
    const flush = (): void => {
      this.#room.fill(0, length, length + MARGIN);
      this.#exports.learn(length);
      length = 0;
    };
    for (const word of words) {
      if (length + word.length + 1 > ROOM_BYTES) flush();
      this.#room.set(word, length);
      length += word.length;
      this.#room[length++] = SPACE;
    }
    flush();
  }

  /** Where words that are let through begin; null for a text that is too long. Good until the next call. */
  find(text: Uint8Array): Int32Array | null {
    if (text.length > ROOM_BYTES) return null;
    this.#room.set(text);
    this.#room.fill(0, text.length, text.length + MARGIN);
    return this.#places.subarray(0, this.#exports.find(text.length));
  }
}

/** What is done with a word, given where it begins and where its bit of the sieve stands. */
type Use = (code: Code, word: { begin: number; bits: number; bit: number; count: number }) => void;

const learn: Use = (code, { bits, bit }) => {
  code.get(bits).get(bits).load(SIEVE).get(bit).op("or").store(SIEVE);
};

const note: Use = (code, { begin, bits, bit, count }) => {
  code.get(bits).load(SIEVE).get(bit).op("and");
  code.if(() => {
    code.get(count).const(2).op("shl").get(begin).store(PLACES);
    code.get(count).const(1).op("add").set(count);
  });
};

/** Goes through the words of the first bytes of the memory. */
function codeOf(use: Use): Code {
  const code = new Code(1);
  const length = 0;
  const at = code.local();
  /** A bit for each byte of a step that is a letter, of this one and of the next. */
  const here = code.local();
  const ahead = code.local();
  const both = code.local();
  /** Whether the byte before the step is a letter. */
  const isInside = code.local();
  const starts = code.local();
  const begin = code.local();
  const run = code.local();
  const hash = code.local();
  const bits = code.local();
  const bit = code.local();
  const count = code.local();
  const key = code.local(I64);
  const bytes = code.local(V128);
  const splat = (value: number): Code => code.const(value).vector("splat");
  const between = (first: string, size: number): void => {
    splat(first.charCodeAt(0)).vector("subtract");
    splat(size).vector("less");
  };
  const letters = (offset: number): void => {
    code.get(at).load128(offset).set(bytes);
    code.get(bytes);
    splat(0x20).vector("or");
    between("a", 26);
    code.get(bytes);
    between("0", 10);
    code.vector("or").get(bytes);
    splat("_".charCodeAt(0)).vector("equal").vector("or").vector("bitmask");
  };

  letters(0);
  code.set(ahead);
  code.loop(() => {
    code.get(ahead).set(here);
    letters(STEP);
    code.tee(ahead).const(STEP).op("shl").get(here).op("or").set(both);
    // Letters with none before them.
    code.get(here).const(1).op("shl").get(isInside).op("or").const(-1).op("xor").get(here).op("and").set(starts);
    code
      .get(here)
      .const(STEP - 1)
      .op("shr_u")
      .set(isInside);
    code.get(starts);
    code.if(() => {
      code.loop(() => {
        code.get(at).get(starts).op("ctz").op("add").set(begin);
        code.get(both).get(starts).op("ctz").op("shr_u").const(-1).op("xor").op("ctz").tee(run);
        code.const(STEP).op("gt_u");
        code.if(() => code.const(STEP).set(run));
        code.get(begin).load64().set(key);
        code.get(run).const(8).op("lt_u");
        code.if(
          () => {
            code.get(key).const64(-1n);
            code.const(64).get(run).const(3).op("shl").op("sub").op("extend_u");
            code.op("shr64_u").op("and64").set(key);
          },
          () => {
            // The last eight of what is looked at.
            code.get(begin).get(run).op("add").const(8).op("sub").load64().const64(MIXER).op("mul64");
            code.get(key).op("xor64").set(key);
          },
        );
        code.get(key).get(run).op("extend_u").op("xor64").const64(GOLDEN).op("mul64");
        code
          .const64(BigInt(64 - SIEVE_BITS))
          .op("shr64_u")
          .op("wrap")
          .set(hash);
        code.get(hash).const(5).op("shr_u").const(2).op("shl").set(bits);
        code.const(1).get(hash).const(31).op("and").op("shl").set(bit);
        use(code, { begin, bits, bit, count });
        code.get(starts).get(starts).const(1).op("sub").op("and").tee(starts).brIf(0);
      });
    });
    code.get(at).const(STEP).op("add").tee(at).get(length).op("lt_u").brIf(0);
  });
  return code.get(count);
}
