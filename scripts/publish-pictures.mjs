#!/usr/bin/env node
/**
 * Takes the documents' pictures from the last runs of test/e2e: real screenshots of the real editor, nothing drawn.
 *
 *   npx vitest run test/e2e/views.test.ts test/e2e/desktop-editor.test.ts && node scripts/publish-pictures.mjs
 */
import { copyFileSync, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Screenshot of a test -> picture in docs/pictures. */
const PICTURES = {
  "eviction-view": "eviction-view",
  chain: "call-chain",
  survey: "survey",
  fixed: "fixed",
  problems: "findings",
  "simulator-end": "simulator",
};

for (const [screenshot, picture] of Object.entries(PICTURES)) {
  const source = join(root, "out", "screenshots", `${screenshot}.png`);
  if (!existsSync(source)) {
    console.error(`${screenshot}.png: not there; ${picture}.png stays as it is`);
    continue;
  }
  copyFileSync(source, join(root, "docs", "pictures", `${picture}.png`));
  console.log(`${picture}.png: ${Math.round(statSync(source).size / 1000)} KB`);
}
