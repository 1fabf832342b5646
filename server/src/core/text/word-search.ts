/**
 * Looks for a few words in thousands of files, sixteen bytes at a time: in WebAssembly, whose vectors the host's own search
 * for one word does not reach. Files are best read into its memory (`room`); bytes from elsewhere are copied.
 */
import { Code, encodeModule, I64, V128 } from "../wasm/encoder.ts";
import { instantiate } from "../wasm/host.ts";
import { holds, makeNeedle, type Needle } from "./byte-search.ts";

/** Most files fit. */
const ROOM_BYTES = 1 << 20;
const PAGE = 1 << 16;
const PREFIX = 8;
/** Letters of C sources, the most common first. */
const COMMON_FIRST = "etris_noadclpumfgbhvwykxjqz";
/** Letters nearer to each other come together too often: every `device` has `ev` and `vic`. */
const MIN_APART = 3;

export class WordSearch {
  /** To read files into; null where there are no vectors. */
  readonly room: Uint8Array | null;
  readonly #needles: readonly Needle[];
  readonly #find: ((length: number) => number) | null;

  /** `words`: ASCII. */
  constructor(words: readonly string[]) {
    this.#needles = words.map(makeNeedle);
    const exports = instantiateSearch(words);
    this.room = exports === null ? null : new Uint8Array(exports.memory.buffer, 0, ROOM_BYTES);
    this.#find = exports?.find ?? null;
  }

  holdsOne(bytes: Uint8Array): boolean {
    if (this.#find !== null && this.room !== null && bytes.length <= this.room.length) {
      if (bytes.buffer !== this.room.buffer || bytes.byteOffset !== 0) this.room.set(bytes);
      // What is there of one of them may stand behind the end, or go on differently.
      if (this.#find(bytes.length) === 0) return false;
    }
    return this.#needles.some((needle) => holds(bytes, needle));
  }
}

interface SearchExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** 1 when one of the words may stand in the first bytes of the memory. */
  readonly find: (length: number) => number;
}

function instantiateSearch(words: readonly string[]): SearchExports | null {
  try {
    const module = encodeModule([{ code: searchCode(words), result: true, exported: "find" }], ROOM_BYTES / PAGE + 1);
    return (instantiate(module) ?? null) as SearchExports | null;
  } catch {
    return null;
  }
}

/** Places where two letters of a word are as they should be are looked at again, with eight. */
function searchCode(words: readonly string[]): Code {
  const code = new Code(1);
  const length = 0;
  const at = code.local();
  const hits = code.local();
  const eight = code.local(I64);
  const sample = words.map(rarestLetters);
  const splats = sample.map((letters) => letters.map(() => code.local(V128)));
  words.forEach((word, w) => {
    sample[w]!.forEach((place, i) => {
      code.const(word.charCodeAt(place)).vector("splat").set(splats[w]![i]!);
    });
  });
  code.loop(() => {
    words.forEach((_, w) => {
      sample[w]!.forEach((place, i) => {
        code.get(at).load128(place).get(splats[w]![i]!).vector("equal");
        if (i > 0) code.vector("and");
      });
      if (w > 0) code.vector("or");
    });
    code.vector("bitmask").tee(hits);
    code.if(() => {
      code.loop(() => {
        code.get(at).get(hits).op("ctz").op("add").load64().set(eight);
        for (const word of words) {
          code.get(eight);
          if (word.length < PREFIX) code.const64((1n << BigInt(8 * word.length)) - 1n).op("and64");
          code
            .const64(prefixOf(word))
            .op("eq64")
            .if(() => code.const(1).return());
        }
        code.get(hits).get(hits).const(1).op("sub").op("and").tee(hits).brIf(0);
      });
    });
    code.get(at).const(16).op("add").tee(at).get(length).op("lt_u").brIf(0);
  });
  return code.const(0);
}

function rarestLetters(word: string): number[] {
  const places = [...word].map((_, place) => place);
  const rank = (place: number): number => COMMON_FIRST.indexOf(word[place]!);
  const rarest = (among: readonly number[]): number => among.reduce((a, b) => (rank(b) > rank(a) ? b : a));
  const first = rarest(places);
  return [first, rarest(places.filter((place) => Math.abs(place - first) >= MIN_APART))];
}

function prefixOf(word: string): bigint {
  let value = 0n;
  for (let i = Math.min(PREFIX, word.length) - 1; i >= 0; i--) value = (value << 8n) | BigInt(word.charCodeAt(i));
  return value;
}
