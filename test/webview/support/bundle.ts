/** Bundles the panel as scripts/build.mjs does, in memory. */
import { join } from "node:path";
import { build } from "esbuild";
import { repositoryRoot } from "../../support/requirements.ts";

export interface Bundle {
  readonly js: string;
  readonly css: string;
}

const bundles = new Map<string, Promise<Bundle>>();

/** @param entry file in client/webview, e.g. `simulator.ts` */
export function bundleWebview(entry: string): Promise<Bundle> {
  let bundle = bundles.get(entry);
  if (!bundle) {
    bundle = make(entry);
    bundles.set(entry, bundle);
  }
  return bundle;
}

async function make(entry: string): Promise<Bundle> {
  const result = await build({
    entryPoints: [join(repositoryRoot, "client", "webview", entry)],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    outdir: join(repositoryRoot, "out", "webview-test"),
    loader: { ".json": "json" },
  });
  const text = (extension: string) => result.outputFiles.find((file) => file.path.endsWith(extension))?.text ?? "";
  return { js: text(".js"), css: text(".css") };
}
