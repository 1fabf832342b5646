/** Questions to a tree under review: they wait for what was typed, and those of a user go first. */
import { expect, test } from "vitest";
import { type CancellationToken, Cancelled } from "../core/text/cancellation.ts";
import type { RevisedReview } from "../index/review-session.ts";
import type { HostedSession } from "./environment.ts";
import { RootReview } from "./root-review.ts";

const NEVER: CancellationToken = { isCancellationRequested: false };
const REVIEW = { revision: 1, review: { findings: [] } } as unknown as RevisedReview;
const turn = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 1));

/** A tree whose session answers `place` at once and `verdict` only when it is cancelled. */
function makeRoot(review: () => Promise<RevisedReview>): {
  root: RootReview;
  asked: string[];
  reviewed: Promise<void>;
} {
  const asked: string[] = [];
  const session: HostedSession = {
    revision: 1,
    setDocument: () => {},
    filesChanged: () => {},
    review,
    query: async (query, token) => {
      asked.push(query.name);
      if (query.name !== "verdict") return null;
      while (!token.isCancellationRequested) await turn();
      throw new Cancelled();
    },
    dispose: () => {},
  };
  let done: () => void = () => {};
  const reviewed = new Promise<void>((resolve) => {
    done = resolve;
  });
  const root = new RootReview("file:///tree", {
    createSession: async () => session,
    onReview: () => done(),
    onPartial: () => {},
    onPhase: () => {},
    startProgress: async () => ({ report: () => {}, done: () => {} }),
    log: () => {},
  });
  return { root, asked, reviewed };
}

const PLACE = { name: "place", file: "fs/a.c", line: 1, column: 1 } as const;
const VERDICT = { name: "verdict", finding: {} as never } as const;

test("a user's question cancels the one that is asked in the background, and not another user's", async () => {
  const { root, asked, reviewed } = makeRoot(async () => REVIEW);
  root.openDocument("fs/a.c", 1, "");
  await reviewed;
  const background = root.query(VERDICT, NEVER, true);
  await turn();
  await root.query(PLACE, NEVER);
  expect(await background).toBeNull();
  expect(asked).toEqual(["verdict", "place"]);
  const edited = root.query(VERDICT, NEVER, true);
  root.changeDocument("fs/a.c", 2, "int a;");
  expect(await edited).toBeNull();
  const token = { isCancellationRequested: false };
  let ended = false;
  const own = root.query(VERDICT, token).then(() => {
    ended = true;
  });
  await root.query(PLACE, NEVER);
  await turn();
  expect(ended).toBe(false);
  token.isCancellationRequested = true;
  await own;
  root.dispose();
});

test("a question waits for the review of what was typed before it; before any review there is no answer", async () => {
  let finish: (review: RevisedReview) => void = () => {};
  let reviews = 0;
  const { root, asked, reviewed } = makeRoot(() => {
    reviews++;
    return reviews === 1
      ? Promise.resolve(REVIEW)
      : new Promise((resolve) => {
          finish = resolve;
        });
  });
  expect(await root.query(PLACE, NEVER)).toBeNull();
  root.openDocument("fs/a.c", 1, "");
  await reviewed;
  root.changeDocument("fs/a.c", 2, "int a;");
  const answer = root.query(PLACE, NEVER);
  while (reviews < 2) await turn();
  expect(asked).toEqual([]);
  finish(REVIEW);
  await answer;
  expect(asked).toEqual(["place"]);
  const cancelled = { isCancellationRequested: true };
  root.changeDocument("fs/a.c", 3, "int b;");
  expect(await root.query(PLACE, cancelled)).toBeNull();
  root.dispose();
});
