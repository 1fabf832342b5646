/** `simulate --designs DIR TREE`: the designs of inode eviction, compared on one filesystem's own steps. */
import type { DesignCell, DesignRow, DesignRun, DesignTable } from "../core/extract/filesystem/design-table.ts";
import { MAX_DESIGN_STATES } from "../core/extract/filesystem/design-table.ts";
import { CLEAN, FOUND, Refusal } from "./exit-status.ts";
import { INTERRUPT } from "./interrupt.ts";
import { deliver } from "./output.ts";
import type { ProgressLine } from "./progress-line.ts";
import { resolveTree } from "./resolve-tree.ts";
import { openReview } from "./review-tree.ts";
import type { SimulateOptions } from "./simulate.ts";
import { commandName, shellWord } from "./style.ts";

/** Returns the exit status: FOUND when some design violates something. Throws Refusal, Cancelled. */
export async function simulateDesigns(
  folder: string,
  path: string,
  options: SimulateOptions,
  progress: ProgressLine,
): Promise<number> {
  if (options.format !== "text" && options.format !== "json")
    throw new Refusal(`--designs: a table is text or json, not ${options.format}`);
  if (options.trace !== undefined || options.set !== undefined)
    throw new Refusal("--designs: it takes no --trace and no --set; every design is run both ways");
  const filesystem = folder.replace(/\/+$/, "");
  const started = performance.now();
  const tree = resolveTree([path]);
  const { session } = await openReview(tree, { filesystems: [filesystem] }, progress);
  progress.show(`Comparing designs for ${filesystem} (Ctrl-C stops)`);
  const table = await session.query({ name: "designs", filesystem }, INTERRUPT);
  progress.clear();
  if (table === null) throw new Refusal(`--designs ${folder}: no such filesystem in the tree`);
  const elapsedMs = Math.round(performance.now() - started);
  const text =
    options.format === "json"
      ? `${JSON.stringify({ version: 1, limits: { maxStates: MAX_DESIGN_STATES }, elapsedMs, ...table }, null, 2)}\n`
      : designsText(table, tree.name);
  await deliver(text, options.output);
  return table.designs.some((design) => design.cells.some(isBad)) ? FOUND : CLEAN;
}

function isBad({ run }: DesignCell): boolean {
  return run !== undefined && run.verdict !== "holds";
}

function designsText(table: DesignTable, treeName: string): string {
  const rows = table.designs.map((design) => [design.id, ...design.cells.map(cellText)]);
  const head = ["design", ...table.questions.map(({ id }) => id)];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  const lines = [
    `${table.filesystem} (${table.table}): designs of inode eviction, on this filesystem's own steps`,
    "",
    line(head),
    line(widths.map((width) => "-".repeat(width))),
    ...rows.map(line),
    "",
    ...table.questions.map(({ id, title }) => `${id.padEnd(10)} ${title}`),
    "",
    "holds*: with what the design must bring; without it the invariant in brackets is violated. -: does not arise.",
    "",
    ...table.designs.flatMap((design) => designLines(design)),
    `${table.states.toLocaleString("en")} states in all.`,
    ...table.assumptions.map((assumption) => `Assuming that ${assumption}.`),
    `One run: ${commandName()} simulate --designs ${table.filesystem} ${shellWord(treeName)} --format json holds the traces;`,
    `${commandName()} simulate MODEL ${shellWord(treeName)} [--set obligation=off] runs one cell, for a MODEL named there.`,
  ];
  return `${lines.join("\n")}\n`;
}

function cellText({ run, obligation, note }: DesignCell): string {
  if (run === undefined) return note === "nothing is handed on" ? "-" : "?";
  const lacks = obligation === undefined ? "" : ` (${obligation.without.invariant ?? obligation.without.verdict})`;
  if (run.verdict === "holds") return obligation === undefined ? "holds" : `holds*${lacks}`;
  return run.verdict === "violated" ? `${run.invariant}` : "bounded";
}

function designLines({ id, title, origin, cells, obligations }: DesignRow): string[] {
  const lines = [`${id}: ${title} (${origin})`];
  for (const { question, run } of cells)
    if (run !== undefined && run.verdict !== "holds") lines.push(`  ${question}: ${runText(run)}`);
  for (const { question, note } of cells)
    if (note !== undefined && note !== "nothing is handed on") lines.push(`  ${question}: not run, ${note}`);
  for (const obligation of obligations) lines.push(`  must bring: ${obligation}`);
  return [...lines, ""];
}

function runText({ verdict, invariant, message, steps, states }: DesignRun): string {
  const count = `${states.toLocaleString("en")} states`;
  if (verdict === "bounded") return `bounded, ${count}`;
  return `${invariant} violated in ${steps ?? "?"} steps (${count})${message === undefined ? "" : `: ${message}`}`;
}
