/**
 * Searches tens of thousands of files for a few words, in two threads where there are two processors. The second begins
 * while the first still lists folders. One buffer serves all files of a thread, and nobody asks for a file's size.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type CancellationToken, throwIfCancelled } from "../core/text/cancellation.ts";
import type { SearchAnswer, SearchFiles } from "../index/survey-search.ts";
import { nextTurn } from "./interrupt.ts";
import { emptyPart, makeBuffer, type SearchPart, searchChunk } from "./search-chunk.ts";

/** Files in a chunk: what a thread takes at once. */
const CHUNK = 256;
/** Chunks that the second thread may be offered; the first takes the rest. */
const MAX_OFFERED = 4096;

/** A chunk as it is offered to the second thread, which takes it if `claims[chunk]` is still 0. */
export interface ChunkOffer {
  readonly root: string;
  readonly paths: readonly string[];
  readonly words: readonly string[];
  readonly chunk: number;
  readonly claims: Int32Array;
}

/** Its answer; null: the chunk was taken already. */
export interface ChunkAnswer {
  readonly chunk: number;
  readonly part: SearchPart | null;
}

export interface FolderSearch {
  /** Searches a file for the words given at the start, in the second thread, if it comes to it. */
  readonly announce: (path: string) => void;
  readonly search: SearchFiles;
  readonly close: () => void;
}

/** `script` is the bundle that the second thread runs; null: one thread. */
export function createFolderSearch(root: string, words: readonly string[], script: URL | null): FolderSearch {
  const ahead = new SearchAhead(root, words, script !== null && availableParallelism() > 1 ? new Worker(script) : null);
  return {
    announce: (path) => ahead.announce(path),
    close: () => ahead.close(),
    async search(paths, wanted, token) {
      const isAnnounced = paths.length > 0 && paths.length === ahead.announced && sameWords(wanted, words);
      if (isAnnounced) return ahead.finish(token);
      const part = emptyPart();
      for (let from = 0; from < paths.length; from += CHUNK) {
        await nextTurn();
        throwIfCancelled(token);
        searchChunk(root, paths.slice(from, from + CHUNK), wanted, ahead.buffer, part);
      }
      return answerOf([part]);
    },
  };
}

function sameWords(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, index) => word === b[index]);
}

class SearchAhead {
  announced = 0;
  readonly buffer = makeBuffer();
  readonly #root: string;
  readonly #words: readonly string[];
  readonly #worker: Worker | null;
  readonly #claims = new Int32Array(new SharedArrayBuffer(4 * MAX_OFFERED));
  readonly #chunks: string[][] = [];
  readonly #parts: (SearchPart | null)[] = [];
  #open: string[] = [];
  #answers = 0;
  #offers = 0;
  #settle: (() => void) | null = null;
  #failure: Error | null = null;

  constructor(root: string, words: readonly string[], worker: Worker | null) {
    this.#root = root;
    this.#words = words;
    this.#worker = worker;
    worker?.unref();
    worker?.on("message", ({ chunk, part }: ChunkAnswer) => {
      this.#answers++;
      if (part !== null) this.#parts[chunk] = part;
      this.#settle?.();
    });
    worker?.on("error", (error) => {
      this.#failure = error;
      this.#settle?.();
    });
  }

  announce(path: string): void {
    this.announced++;
    this.#open.push(path);
    if (this.#open.length === CHUNK) this.#offer();
  }

  #offer(): void {
    if (this.#open.length === 0) return;
    const chunk = this.#chunks.push(this.#open) - 1;
    this.#parts.push(null);
    if (this.#worker !== null && chunk < MAX_OFFERED) {
      const offer: ChunkOffer = {
        root: this.#root,
        paths: this.#open,
        words: this.#words,
        chunk,
        claims: this.#claims,
      };
      this.#worker.postMessage(offer);
      this.#offers++;
    }
    this.#open = [];
  }

  /** Takes chunks from the end while the second thread takes them from the start, until they meet. */
  async finish(token: CancellationToken): Promise<SearchAnswer> {
    this.#offer();
    try {
      for (let chunk = this.#chunks.length - 1; chunk >= 0; chunk--) {
        if (chunk < MAX_OFFERED && Atomics.compareExchange(this.#claims, chunk, 0, 1) !== 0) continue;
        const part = emptyPart();
        searchChunk(this.#root, this.#chunks[chunk]!, this.#words, this.buffer, part);
        this.#parts[chunk] = part;
        await nextTurn();
        throwIfCancelled(token);
      }
    } finally {
      // Cancelled: nothing is left to take.
      this.#claims.fill(1);
    }
    while (this.#answers < this.#offers) {
      if (this.#failure !== null) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#settle = resolve;
        this.#worker?.ref();
      });
    }
    return answerOf(this.#parts.filter((part) => part !== null));
  }

  close(): void {
    void this.#worker?.terminate();
  }
}

function answerOf(parts: readonly SearchPart[]): SearchAnswer {
  const sum = (pick: (part: SearchPart) => number): number => parts.reduce((total, part) => total + pick(part), 0);
  return {
    hits: parts.flatMap((part) => part.hits),
    files: sum((part) => part.files),
    bytes: sum((part) => part.bytes),
    problems: parts.flatMap((part) => part.problems),
  };
}
