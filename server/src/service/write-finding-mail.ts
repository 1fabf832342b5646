/**
 * A finding as a mail to a kernel list: plain text, 72 columns, the chain and the interleaving as changelogs have them.
 * Pasted as it is; nothing in it needs an editor.
 */
import { getModel } from "../core/race/catalogue/index.ts";
import type { RaceModel } from "../core/race/model.ts";
import { createStepper, explore } from "../core/race/simulator.ts";
import { traceToText } from "../core/race/trace-text.ts";
import type { ChainLink, Finding, FindingSimulation, Review } from "../core/report/finding.ts";
import { catalogueModel } from "../core/report/simulation-models.ts";
import { describeVerdict } from "./describe-verdict.ts";

const WIDTH = 72;
const INDENT = "  ";
/** Deeper calls are not indented further: their line must hold a name and a place. */
const MAX_LEVEL = 12;
const ENDS_SHOWN = 6;
/** Enough for the catalogue's shortest counterexamples; a larger search is the simulator's business. */
const MAX_STATES = 100_000;

/** The finding's own model and what the simulator says of it. */
export interface OwnSimulation {
  readonly model: RaceModel;
  readonly simulation: FindingSimulation;
}

/** `own` is null where no model could be made of the code. */
export function writeFindingMail(finding: Finding, review: Review, own: OwnSimulation | null): string {
  const name = finding.filesystem.split("/").pop() ?? finding.filesystem;
  const version = review.tree.kernelVersion === "" ? "" : ` in Linux ${review.tree.kernelVersion}`;
  const parts = [
    `Subject: ${name}: ${finding.rule} in ${finding.function}()`,
    wrap(`${sentence(finding.message)} (${finding.file}:${finding.line}${version}).`),
    wrap(contextSentence(finding)),
    ...(finding.conditions.length === 0 ? [] : [wrap(`It takes: ${finding.conditions.join(" and ")}.`)]),
    "The calls:",
    chainLines(finding, review).join("\n"),
    ...endLines(finding),
    ...interleaving(finding, own),
    wrap(confidence(finding)),
    wrap(`Found by ${review.tool.name} ${review.tool.version}, finding ${finding.id}.`),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function contextSentence({ contexts, operation, table }: Finding): string {
  const where = contexts
    .map((context) => (context === "assumed" ? "reclaim (assumed: the tree has no mm/)" : context))
    .join(", ");
  const method = table === "" ? "" : `${table}.${operation} `;
  return where === "" ? "" : `${method === "" ? "This " : method}runs in: ${where}.`;
}

/** From the root of reclaim where the tree has one, down to the effect. */
function chainLines(finding: Finding, review: Review): string[] {
  const way =
    finding.operation === "evict_inode" || finding.operation === "evict_inode_async"
      ? review.contexts?.find(
          (root) =>
            root.context === (finding.contexts[0] ?? "kswapd") &&
            root.chain[root.chain.length - 1]?.via?.endsWith(`->${finding.operation}`) === true,
        )?.chain
      : undefined;
  const links: readonly ChainLink[] = [...(way ?? []), ...finding.chain];
  const lines = links.map((link, level) => linkLine(link, level));
  const end = finding.ends[0];
  if (end !== undefined)
    lines.push(
      ...wrap(end.what, WIDTH - indentOf(links.length).length)
        .split("\n")
        .map((line) => `${indentOf(links.length)}${line}`),
    );
  return lines;
}

function linkLine(link: ChainLink, level: number): string {
  const indent = indentOf(level);
  const place = `${link.file}:${link.line}`;
  const text = `${indent}${link.function}()`;
  return text.length + place.length + 2 <= WIDTH
    ? `${text.padEnd(WIDTH - place.length)}${place}`
    : `${text}\n${place.padStart(WIDTH)}`;
}

function indentOf(level: number): string {
  return INDENT + " ".repeat(Math.min(level, MAX_LEVEL));
}

function endLines({ ends }: Finding): string[] {
  if (ends.length < 2) return [];
  const others = ends
    .slice(1, 1 + ENDS_SHOWN)
    .map((end) => wrap(`- ${end.function}(), ${end.file}:${end.line}: ${end.what}`, WIDTH, "  "));
  const more = ends.length - 1 - others.length;
  if (more > 0) others.push(`- and ${more} more`);
  return [`The same call also leads to:\n${others.join("\n")}`];
}

/** The race in a column for each thread, time running down: the finding's own, or the catalogue's example of its rule. */
function interleaving(finding: Finding, own: OwnSimulation | null): string[] {
  const simulation = own?.simulation ?? finding.simulation;
  const verdict = describeVerdict(simulation);
  const said = verdict === null ? [] : [wrap(`Simulated on a model made of this code: ${verdict}.`)];
  if (own !== null && simulation.traceString !== undefined) {
    const stepper = createStepper(own.model);
    if (!("error" in stepper.replay(simulation.traceString))) return [...said, traceToText(stepper.trace()).trimEnd()];
  }
  if (verdict !== null) return said;
  const example = getModel(catalogueModel(finding.rule));
  const trace = example === undefined ? undefined : explore(example, { maxStates: MAX_STATES }).trace;
  return trace === undefined ? [] : [`The race behind this rule, on an example:\n\n${traceToText(trace).trimEnd()}`];
}

function confidence({ confidence: level, confidenceReason }: Finding): string {
  return level === "high"
    ? ""
    : `Confidence: ${level}${confidenceReason === undefined ? "" : `, since ${confidenceReason}`}.`;
}

function sentence(text: string): string {
  return text.replace(/[.\s]+$/, "");
}

/** Lines of at most `width` characters; a word longer than that stands alone. */
function wrap(text: string, width: number = WIDTH, hanging = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((each) => each !== "")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = hanging + word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  if (line !== "") lines.push(line);
  return lines.join("\n");
}
