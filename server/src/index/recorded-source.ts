/** A source that notes what is read through it: with its listing, that is all that a review is made from. */
import type { FileListing, FileSource } from "./file-source.ts";

export interface RecordedSource extends FileSource {
  /** The paths that were asked for, with whether there was such a file; null when one of them came or went meanwhile. */
  readonly reads: ReadonlyMap<string, boolean> | null;
}

/** The listing is made once for the same options, until it is to be forgotten; `source` must not change what it leaves out. */
export function recordReads(source: FileSource): RecordedSource {
  const reads = new Map<string, boolean>();
  const listings = new Map<string, Promise<FileListing>>();
  let isSteady = true;
  const note = (path: string, bytes: Uint8Array | null): Uint8Array | null => {
    const found = bytes !== null;
    isSteady &&= (reads.get(path) ?? found) === found;
    reads.set(path, found);
    return bytes;
  };
  const { readSync, peekSync } = source;
  return {
    ...source,
    get reads() {
      return isSteady ? reads : null;
    },
    list(options, token) {
      const { exclude, maxFiles } = options;
      const key = JSON.stringify([exclude, maxFiles]);
      let listing = listings.get(key);
      if (listing === undefined) {
        listing = source.list(options, token);
        listings.set(key, listing);
      }
      return listing;
    },
    forgetListing() {
      listings.clear();
      isSteady = false;
    },
    read: async (path) => note(path, await source.read(path)),
    ...(readSync === undefined ? {} : { readSync: (path: string) => note(path, readSync(path)) }),
    ...(peekSync === undefined
      ? {}
      : { peekSync: (path: string, room: Uint8Array | null) => note(path, peekSync(path, room)) }),
  };
}
