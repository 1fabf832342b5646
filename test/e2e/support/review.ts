/** The command line's review of a tree, to compare an editor's with. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Review } from "../../../server/src/core/report/finding.ts";
import { repositoryRoot } from "../../support/requirements.ts";

export function reviewByCommandLine(tree: string): Review {
  const result = spawnSync(
    process.execPath,
    [join(repositoryRoot, "server", "bin", "evictscope.mjs"), "check", tree, "--format", "json"],
    { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 },
  );
  if (result.status !== 0 && result.status !== 1)
    throw new Error(`check ended with ${result.status}: ${result.stderr}`);
  return JSON.parse(result.stdout) as Review;
}
