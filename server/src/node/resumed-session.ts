/**
 * A session that begins with what the disk keeps of an earlier one: where nothing has changed since, its review is shown at
 * once, while the tree is indexed for the edits and questions to come.
 */
import { NEVER_CANCELLED } from "../core/text/cancellation.ts";
import type { RecordedSource } from "../index/recorded-source.ts";
import type { ReviewSession } from "../index/review-session.ts";
import type { ReviewCache, ReviewQuestion } from "./review-cache.ts";

export interface ResumedParts {
  /** What `session` reads from; its files can be read at once. */
  readonly files: RecordedSource;
  readonly question: ReviewQuestion;
  readonly cache: ReviewCache;
  readonly log: (line: string) => void;
}

/** Milliseconds after the first review before it is put on disk: whoever waited for it comes first. */
const KEEP_DELAY = 1000;

export function resumeSession(session: ReviewSession, { files, question, cache, log }: ResumedParts): ReviewSession {
  let isFirst = true;
  const open = new Map<string, string>();
  const isAsOnDisk = (path: string, text: string): boolean => {
    const bytes = files.readSync?.(path) ?? null;
    return bytes !== null && Buffer.from(text, "utf8").equals(bytes);
  };
  return {
    get revision() {
      return session.revision;
    },
    setDocument(path, text) {
      if (text === null) open.delete(path);
      else if (isFirst) open.set(path, text);
      session.setDocument(path, text);
    },
    filesChanged: (paths) => session.filesChanged(paths),
    query: (query, token) => session.query(query, token),
    async review(token, onProgress, onPartial) {
      if (!isFirst) return session.review(token, onProgress, onPartial);
      const started = Date.now();
      const { revision } = session;
      const known = await cache.find(files, question, token);
      const pending = [...open].filter(([path, text]) => !isAsOnDisk(path, text)).map(([path]) => path);
      if (known !== null) {
        log(`nothing has changed in ${files.root} since it was last reviewed`);
        onPartial?.({ revision, review: known, pending });
      }
      const revised = await session.review(token, onProgress, onPartial);
      isFirst = false;
      open.clear();
      if (known === null && pending.length === 0 && revised.revision === revision)
        setTimeout(() => void cache.keep(files, question, revised.review, started, NEVER_CANCELLED), KEEP_DELAY);
      return revised;
    },
  };
}
