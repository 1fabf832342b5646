/** Pages for editors without our panels: files in a folder of the user's own, in the system's place for such. */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Pages } from "../lsp/environment.ts";
import { makeSimulatorPage } from "../protocol/simulator-page.ts";

const here = dirname(fileURLToPath(import.meta.url));

export const filePages: Pages = {
  simulator: (title, data) =>
    makeSimulatorPage({
      title,
      data,
      engineScript: readBundle("simulator-engine.js"),
      panelScript: readBundle("simulator-page.js"),
      styleSheet: readBundle("simulator-page.css"),
      sha256: (text) => createHash("sha256").update(text, "utf8").digest("base64"),
    }),
  write(name, text) {
    // A folder that nobody else can write to, and a name that nobody else has.
    const path = join(mkdtempSync(join(tmpdir(), "evictscope-")), name.replaceAll(/[^\w.-]/g, "-"));
    writeFileSync(path, text, { mode: 0o600 });
    return { uri: pathToFileURL(path).toString(), path };
  },
};

/** From dist/webview: beside the bundle that this runs in, or in the repository when the sources run as they are. */
function readBundle(name: string): string {
  const path = [join(here, "..", "webview", name), join(here, "..", "..", "..", "dist", "webview", name)].find((each) =>
    existsSync(each),
  );
  if (path === undefined) throw new Error(`${name} is missing: run \`npm ci\` and \`npm run build\``);
  return readFileSync(path, "utf8");
}
