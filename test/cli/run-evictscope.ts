/** Runs the built command line as users do: as a child process. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { repositoryRoot } from "../support/requirements.ts";

export const COMMAND = join(repositoryRoot, "server", "bin", "evictscope.mjs");

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Waits for the end. Standard streams are pipes, so there is no progress and no colour. */
export function evictscope(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Ended {
  const result = spawnSync(process.execPath, [COMMAND, ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: plainEnvironment(environment),
  });
  return { status: result.status, signal: result.signal, stdout: result.stdout, stderr: result.stderr };
}

/** Starts it and leaves it running. */
export function startEvictscope(args: readonly string[]) {
  return spawn(process.execPath, [COMMAND, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: plainEnvironment({}),
  });
}

/** What colours and the name of the command depend on is not inherited from whoever runs the tests, nor their cache. */
function plainEnvironment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { NO_COLOR: _, FORCE_COLOR: __, npm_command: ___, ...rest } = process.env;
  return { ...rest, XDG_CACHE_HOME: cacheFolder(), ...more };
}

let cache: string | null = null;

function cacheFolder(): string {
  if (cache === null) {
    const folder = mkdtempSync(join(tmpdir(), "evictscope-cache-"));
    process.on("exit", () => {
      try {
        rmSync(folder, { recursive: true, force: true });
      } catch {
        // A program that was left running still writes to it: that is no failure of a test.
      }
    });
    cache = folder;
  }
  return cache;
}

/** Builds when nothing is built: the scripts that run all tests do it before. */
export function buildOnce(): void {
  beforeAll(() => {
    if (existsSync(join(repositoryRoot, "dist", "server", "cli.js"))) return;
    const result = spawnSync(process.execPath, [join(repositoryRoot, "scripts", "build.mjs")], { encoding: "utf8" });
    if (result.status !== 0) throw new Error(`the build failed: ${result.stderr}`);
  });
}

/** A folder that is gone after the tests of a file. Returns its path once they run. */
export function temporaryFolder(): () => string {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "evictscope-cli-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return () => folder;
}
