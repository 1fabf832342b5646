#!/usr/bin/env node
/** The command `evictscope`: starts the built command line, or says how to build it. */
import { existsSync } from "node:fs";

const built = new URL("../../dist/server/cli.js", import.meta.url);
if (existsSync(built)) {
  await import(built.href);
} else {
  console.error("evictscope: not built yet: run `npm ci && npm run build` in the repository first");
  process.exitCode = 2;
}
