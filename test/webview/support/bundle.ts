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
  return bundleFile(join(repositoryRoot, "client", "webview", entry));
}

/** @param path absolute path of an entry */
export function bundleFile(path: string): Promise<Bundle> {
  let bundle = bundles.get(path);
  if (!bundle) {
    bundle = make(path);
    bundles.set(path, bundle);
  }
  return bundle;
}

async function make(path: string): Promise<Bundle> {
  const result = await build({
    entryPoints: [path],
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    target: "es2022",
    outdir: join(repositoryRoot, "out", "webview-test"),
  });
  const text = (extension: string) => result.outputFiles.find((file) => file.path.endsWith(extension))?.text ?? "";
  return { js: text(".js"), css: text(".css") };
}
