/** Reviews a tree in a test, with the engine that the command line and the language server use. */
import type { OutcomeStore } from "../../server/src/core/extract/filesystem/verdict.ts";
import type { Review } from "../../server/src/core/report/finding.ts";
import { NEVER_CANCELLED } from "../../server/src/core/text/cancellation.ts";
import { createMemorySource } from "../../server/src/index/memory-source.ts";
import type { ReviewSession } from "../../server/src/index/review-session.ts";
import { createTreeSession } from "../../server/src/index/tree-session.ts";
import { createParser } from "../../server/src/node/create-parser.ts";
import { createFolderSource } from "../../server/src/node/folder-source.ts";
import type { FixtureTree } from "./fixture.ts";

/** A session over a folder (absolute path) or over texts in memory. */
export function sessionOf(tree: string | FixtureTree, outcomes?: OutcomeStore): ReviewSession {
  const files = typeof tree === "string" ? createFolderSource(tree) : createMemorySource(tree);
  return createTreeSession({ files, parser: createParser, ...(outcomes === undefined ? {} : { outcomes }) });
}

/** Reviews a tree once. */
export async function reviewOf(tree: string | FixtureTree): Promise<Review> {
  return reviewNow(sessionOf(tree));
}

/** The session's review of what it holds now. */
export async function reviewNow(session: ReviewSession): Promise<Review> {
  return (await session.review(NEVER_CANCELLED)).review;
}
