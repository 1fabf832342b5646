/** Bundles the marker server once for a test file. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { repositoryRoot } from "../../support/requirements.ts";

/** Path of the bundled program. */
export async function buildMarkerServer(): Promise<string> {
  const outfile = join(repositoryRoot, "out", "test-programs", `marker-server-${process.pid}.cjs`);
  mkdirSync(join(outfile, ".."), { recursive: true });
  await build({
    entryPoints: [join(repositoryRoot, "test/protocol/support/marker-server.ts")],
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    logLevel: "warning",
    outfile,
  });
  return outfile;
}
