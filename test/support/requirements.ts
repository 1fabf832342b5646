/**
 * What a test may need beyond npm packages, and where it is found. A test that needs something which is not there is
 * left out loudly: it is reported as skipped, and named with its reason in `out/left-out.jsonl`, from which
 * `npm test` prints its last lines. With CI=true it fails instead, so that a pipeline can't lose tests silently.
 */
import { accessSync, appendFileSync, constants, existsSync, mkdirSync, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, test } from "vitest";
import { codeServerLauncher, kernelFolder } from "./cache-folder.mjs";

export const repositoryRoot = resolve(fileURLToPath(new URL("../..", import.meta.url)));

export type Requirement =
  | "chromium"
  | "code-server"
  | "cscope"
  | "ctags"
  | "emacs"
  | "gcc"
  | "git"
  | "kernel-6.1"
  | "kernel-6.12"
  | "nvim"
  | "rg"
  | "spin";

interface RequirementEntry {
  /** Absolute path of the executable or folder, or null. */
  readonly find: () => string | null;
  /** What a person does to get it. */
  readonly hint: string;
}

const REQUIREMENTS: Readonly<Record<Requirement, RequirementEntry>> = {
  chromium: {
    find: () => process.env.EVICTSCOPE_CHROMIUM || onPath("chromium", "chromium-browser", "google-chrome"),
    hint: "apt-get install chromium",
  },
  "code-server": {
    find: () => existingFile(codeServerLauncher()),
    hint: "node test/e2e/install-code-server.mjs (about three minutes)",
  },
  cscope: { find: () => onPath("cscope"), hint: "apt-get install cscope" },
  ctags: { find: () => onPath("ctags-universal", "ctags"), hint: "apt-get install universal-ctags" },
  emacs: { find: () => onPath("emacs"), hint: "apt-get install emacs-nox elpa-eglot" },
  gcc: { find: () => onPath("gcc"), hint: "apt-get install gcc" },
  git: { find: () => onPath("git"), hint: "apt-get install git" },
  "kernel-6.1": { find: () => kernelTree("6.1"), hint: kernelHint("6.1") },
  "kernel-6.12": { find: () => kernelTree("6.12"), hint: kernelHint("6.12") },
  nvim: { find: () => onPath("nvim"), hint: "apt-get install neovim" },
  rg: { find: () => onPath("rg"), hint: "apt-get install ripgrep" },
  spin: { find: () => onPath("spin"), hint: "apt-get install spin" },
};

function kernelHint(version: string): string {
  return `apt-get install linux-source-${version} && npm run kernel:unpack -- ${version}`;
}

/**
 * Looks a requirement up.
 * @returns absolute path of the executable (chromium, code-server, spin, ...) or folder (kernel trees); null if missing
 */
export function whereIs(requirement: Requirement): string | null {
  return REQUIREMENTS[requirement].find();
}

/** As `whereIs` for a test body that runs only where the requirement is met. Throws when it is missing. */
export function pathOf(requirement: Requirement): string {
  const found = whereIs(requirement);
  if (found === null) throw new Error(`${requirement} is missing: ${REQUIREMENTS[requirement].hint}`);
  return found;
}

/**
 * A `describe` that runs where all requirements are met. Otherwise it is skipped and recorded; with CI=true it fails.
 * @param requirements one or several
 * @param name the group's name
 * @param body registers the tests; not called when something is missing
 */
export function describeWith(requirements: Requirement | readonly Requirement[], name: string, body: () => void): void {
  const wanted = typeof requirements === "string" ? [requirements] : requirements;
  const missing = wanted.filter((requirement) => whereIs(requirement) === null);
  if (missing.length === 0) {
    describe(name, body);
    return;
  }
  const reason = missing.map((requirement) => `${requirement} (${REQUIREMENTS[requirement].hint})`).join(", ");
  if (isContinuousIntegration()) {
    describe(name, () => {
      test("has what it needs", () => {
        throw new Error(`with CI=true nothing may be left out, but there is no ${reason}`);
      });
    });
    return;
  }
  recordLeftOut(name, reason);
  describe.skip(`${name} [left out: no ${missing.join(", ")}]`, () => {
    test("left out", () => {});
  });
}

/** True under `CI=true`, where a missing requirement is a failure. */
export function isContinuousIntegration(): boolean {
  return process.env.CI === "true" || process.env.CI === "1";
}

/** Notes that tests are left out; `npm test` prints these notes at its end. */
export function recordLeftOut(name: string, reason: string): void {
  const folder = join(repositoryRoot, "out");
  mkdirSync(folder, { recursive: true });
  // One line for each entry, appended in one call: test files run in processes of their own.
  appendFileSync(join(folder, "left-out.jsonl"), `${JSON.stringify({ name, reason })}\n`);
}

/** First of `names` that is an executable file in a folder of PATH. */
function onPath(...names: readonly string[]): string | null {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? "").split(delimiter)) {
      if (folder === "") continue;
      const candidate = join(folder, name);
      try {
        accessSync(candidate, constants.X_OK);
        if (statSync(candidate).isFile()) return candidate;
      } catch {
        // Not in this folder.
      }
    }
  }
  return null;
}

function existingFile(path: string): string | null {
  return existsSync(path) ? path : null;
}

/** The tree named by EVICTSCOPE_KERNEL_6_12 (or _6_1), else the one that `npm run kernel:unpack` made. */
function kernelTree(version: string): string | null {
  const named = process.env[`EVICTSCOPE_KERNEL_${version.replace(".", "_")}`];
  const tree = named && named !== "" ? resolve(named) : kernelFolder(version);
  // mm/vmscan.c tells a tree that was unpacked to its end from one that was not: unpacking renames when complete.
  return existsSync(join(tree, "mm", "vmscan.c")) && existsSync(join(tree, "MAINTAINERS")) ? tree : null;
}
