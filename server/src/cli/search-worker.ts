/** Entry of the second searching thread, a bundle of its own so that it starts at once: takes the chunks that are still free when it comes to them. */
import { parentPort } from "node:worker_threads";
import { emptyPart, makeBuffer, searchChunk } from "./search-chunk.ts";
import type { ChunkAnswer, ChunkOffer } from "./search-files.ts";

const port = parentPort!;
const buffer = makeBuffer();
port.on("message", ({ root, paths, words, chunk, claims }: ChunkOffer) => {
  const part = Atomics.compareExchange(claims, chunk, 0, 1) === 0 ? emptyPart() : null;
  if (part !== null) searchChunk(root, paths, words, buffer, part);
  const answer: ChunkAnswer = { chunk, part };
  port.postMessage(answer);
});
