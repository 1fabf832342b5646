/**
 * The user's settings, as the editor keeps them under `evictscope.`; read and checked here for every client, so that
 * a wrong value gets one clear line and the default instead of an error somewhere deep.
 */
import { RULE_IDS, type RuleId } from "../core/report/finding.ts";

export const SETTINGS_SECTION = "evictscope";

/** `default` keeps the severity that the rule and the simulator give; `off` hides the rule. */
export const RULE_SETTINGS = ["default", "error", "warning", "information", "off"] as const;
export type RuleSetting = (typeof RULE_SETTINGS)[number];

export interface Settings {
  /** Folders relative to the tree's root that are not read. */
  readonly exclude: readonly string[];
  /** Whether what the tree's .gitignore files name is left out. */
  readonly respectGitignore: boolean;
  /** The kernel tree behind a filesystem outside of one; empty: it is reviewed alone. */
  readonly kernelTree: string;
  /** Files listed at most: a hard cap on enumeration. */
  readonly maxFiles: number;
  /** Whether findings are simulated while nothing else is to do. */
  readonly simulate: "none" | "all";
  /** Heap of one tree's review in MB (a server in Node; a browser decides by itself). */
  readonly maxMemory: number;
  readonly codeLens: boolean;
  readonly hover: boolean;
  readonly inlayHints: boolean;
  readonly semanticHighlighting: boolean;
  readonly rules: Readonly<Partial<Record<RuleId, RuleSetting>>>;
}

/**
 * Build outputs and folders whose C is not part of the kernel image. As index/tree-scope.ts has them for the command
 * line, so that both review the same files; protocol/settings.test.ts holds the two and package.json together.
 */
export const DEFAULT_EXCLUDE: readonly string[] = [
  "Documentation",
  "tools",
  "samples",
  "scripts",
  "usr",
  "debian",
  "out",
  "build",
  "node_modules",
];

export const DEFAULT_SETTINGS: Settings = {
  exclude: DEFAULT_EXCLUDE,
  respectGitignore: true,
  kernelTree: "",
  maxFiles: 200_000,
  simulate: "none",
  maxMemory: 4096,
  codeLens: true,
  hover: true,
  inlayHints: false,
  semanticHighlighting: false,
  rules: {},
};

export const MAX_FILES_RANGE = { minimum: 100, maximum: 1_000_000 } as const;
export const MAX_MEMORY_RANGE = { minimum: 256, maximum: 65_536 } as const;

export interface SettingsReading {
  readonly settings: Settings;
  /** One line for each value that was not taken. */
  readonly problems: readonly string[];
}

/** Reads what an editor sends for the section `evictscope`; anything missing or wrong is the default. */
export function readSettings(raw: unknown): SettingsReading {
  const problems: string[] = [];
  const given = asRecord(raw);
  const exclude = readExclude(given.exclude, problems);
  const maxFiles = readWhole("maxFiles", given.maxFiles, MAX_FILES_RANGE, DEFAULT_SETTINGS.maxFiles, problems);
  const { maxMemory: memory } = asRecord(given.server);
  const maxMemory = readWhole("server.maxMemory", memory, MAX_MEMORY_RANGE, DEFAULT_SETTINGS.maxMemory, problems);
  const simulate = readChoice("simulate", given.simulate, ["none", "all"] as const, problems);
  const rules: Partial<Record<RuleId, RuleSetting>> = {};
  for (const [rule, value] of Object.entries(asRecord(given.rules))) {
    if (!(RULE_IDS as readonly string[]).includes(rule)) {
      problems.push(`evictscope.rules.${rule}: there is no such rule`);
      continue;
    }
    const setting = readChoice(`rules.${rule}`, value, RULE_SETTINGS, problems);
    if (setting !== undefined) rules[rule as RuleId] = setting;
  }
  return {
    settings: {
      exclude,
      respectGitignore: given.respectGitignore !== false,
      kernelTree: readKernelTree(given.kernelTree, problems),
      maxFiles,
      maxMemory,
      simulate: simulate ?? DEFAULT_SETTINGS.simulate,
      codeLens: asRecord(given.codeLens).enabled !== false,
      hover: asRecord(given.hover).enabled !== false,
      inlayHints: asRecord(given.inlayHints).enabled === true,
      semanticHighlighting: asRecord(given.semanticHighlighting).enabled === true,
      rules,
    },
    problems,
  };
}

function readExclude(value: unknown, problems: string[]): readonly string[] {
  if (value === undefined || value === null) return DEFAULT_SETTINGS.exclude;
  if (!Array.isArray(value)) {
    problems.push("evictscope.exclude: must be a list of folders relative to the tree's root");
    return DEFAULT_SETTINGS.exclude;
  }
  const folders: string[] = [];
  for (const item of value as readonly unknown[]) {
    if (typeof item !== "string" || item.startsWith("/") || item.split("/").includes("..")) {
      problems.push(`evictscope.exclude: ${JSON.stringify(item)} is not a folder relative to the tree's root`);
    } else if (item !== "") {
      folders.push(item.replace(/\/+$/, ""));
    }
  }
  return folders;
}

/** A full path, or one that begins with a dot and is relative to the workspace folder. */
const KERNEL_TREE = /^(\/|[A-Za-z]:[\\/]|\.{1,2}([\\/]|$))/;

function readKernelTree(value: unknown, problems: string[]): string {
  if (value === undefined || value === null || value === "") return "";
  if (typeof value === "string" && value.length < 4096 && KERNEL_TREE.test(value)) return value;
  problems.push("evictscope.kernelTree: must be a full path, or begin with ./ or ../");
  return "";
}

function readWhole(
  name: string,
  value: unknown,
  { minimum, maximum }: { readonly minimum: number; readonly maximum: number },
  standard: number,
  problems: string[],
): number {
  if (value === undefined || value === null) return standard;
  if (typeof value === "number" && Number.isInteger(value) && value >= minimum && value <= maximum) return value;
  problems.push(`evictscope.${name}: must be a whole number from ${minimum} to ${maximum}`);
  return standard;
}

function readChoice<T extends string>(
  name: string,
  value: unknown,
  choices: readonly T[],
  problems: string[],
): T | undefined {
  if (value === undefined || value === null) return undefined;
  if (choices.includes(value as T)) return value as T;
  problems.push(`evictscope.${name}: must be one of ${choices.join(", ")}`);
  return undefined;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}

/** True when a change from one to the other needs the tree to be listed again. */
export function needsNewListing(before: Settings, after: Settings): boolean {
  return (
    before.maxFiles !== after.maxFiles ||
    before.respectGitignore !== after.respectGitignore ||
    before.maxMemory !== after.maxMemory ||
    before.simulate !== after.simulate ||
    before.exclude.length !== after.exclude.length ||
    before.exclude.some((folder, i) => folder !== after.exclude[i])
  );
}
