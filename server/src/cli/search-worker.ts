/** The second searching thread: answers each share with its part. */
import { parentPort } from "node:worker_threads";
import { emptyPart, makeBuffer, type SearchShare, searchBatch } from "./search-files.ts";

export function serveSearches(): void {
  const port = parentPort!;
  const buffer = makeBuffer();
  port.on("message", (share: SearchShare) => {
    const part = emptyPart();
    while (searchBatch(share, buffer, part));
    port.postMessage(part);
  });
}
