/** What is known of a statement, in Markdown: the point in three lines, details below. */
import type { CallEffect, CallExplanation, ContextNote, PlaceExplanation } from "../core/query/queries.ts";
import type { ChainLink } from "../core/report/finding.ts";
import { uriOf } from "./tree-location.ts";

/** Links of a way shown at each end; what lies between is counted. */
const LINKS_AT_START = 3;
const LINKS_AT_END = 8;
const EFFECTS_SHOWN = 8;

/** What an effect is called in one word or two. */
const KINDS: Readonly<Record<string, string>> = {
  dirty: "dirties",
  nofail: "no-fail allocation",
  transaction: "starts a transaction",
  disk: "may wait for disk",
  network: "may wait for the network",
  wait: "may wait",
  freeze: "may wait for a thaw",
  lock: "may sleep on a lock",
  lookup: "looks an inode up",
  drop: "drops a reference",
  defer: "queues work",
  rcu: "defers to RCU",
  unhash: "unhashes the inode",
  wake: "wakes waiters",
  clear: "clears the inode",
  truncate: "empties the page cache",
};

export function describePlace(place: PlaceExplanation, root: string): string {
  const short: string[] = [];
  const { operation } = place;
  if (operation.function === "") short.push(`\`${place.function}()\` lies on a way of this tree into eviction`);
  else if (operation.function !== place.function) {
    const others = place.others > 0 ? ` (and of ${place.others} other filesystems)` : "";
    short.push(
      `In eviction: reached from \`${operation.function}()\`, ${operation.operation} of ${operation.filesystem}${others}`,
    );
  }
  const state = describeState(place);
  if (state !== null) short.push(state);
  const contexts = describeContexts(place.contexts);
  if (contexts !== "")
    short.push(`Contexts: ${contexts}${place.guardedFromReclaim ? " (a guard keeps reclaim away)" : ""}`);
  if (place.call !== null) {
    const call = describeCall(place.call);
    if (call !== null) short.push(call);
  }
  const details = [
    ...(place.call === null ? [] : describeEffects(place.call, root)),
    ...describeStates(place),
    describeWay(place.way, root),
  ].filter((text) => text !== "");
  return [short.join("  \n"), ...details].join("\n\n");
}

/** `State: **freeing** -> **pages-gone**`: the names; what they stand for follows in the details. */
function describeState({ before, after }: PlaceExplanation): string | null {
  if (before.length === 0 && after.length === 0) return null;
  const from = namesOf(before);
  const to = namesOf(after);
  return from === to || to === "" ? `State: **${from}**` : `State: **${from}** → **${to}**`;
}

function namesOf(states: readonly string[]): string {
  return [...new Set(states.map((state) => state.split(":", 1)[0] ?? state))].join(" or ");
}

/** Contexts in the words of a reviewer: those with PF_MEMALLOC first. */
export function describeContexts(contexts: readonly ContextNote[]): string {
  const memalloc = contexts
    .filter((each) => each.memalloc)
    .map((each) => (each.context === "assumed" ? "reclaim (assumed: no mm/ in this tree)" : each.context));
  const others = contexts
    .filter((each) => !each.memalloc)
    .map(({ context }) => (context === "iput" ? "iput from unlink, close or rename" : context));
  const parts: string[] = [];
  if (memalloc.length > 0) parts.push(`${memalloc.join(", ")}, PF_MEMALLOC set`);
  if (others.length > 0) parts.push(others.join(", "));
  return parts.join("; ");
}

function describeCall(call: CallExplanation): string | null {
  const gfp = call.gfp.length > 0 ? `allocates with \`${call.gfp.join(" | ")}\`` : null;
  const kinds = call.effects
    .slice(0, EFFECTS_SHOWN)
    .map((effect) => `${KINDS[effect.kind] ?? effect.kind}${effect.doubt === null ? "" : " (doubtful)"}`);
  if (gfp !== null) kinds.push(gfp);
  if (kinds.length === 0)
    return call.unresolved ? `\`${call.name}\`: nothing in the tree tells where this pointer leads` : null;
  const where =
    call.effects.length > 0 && call.effects.every((effect) => !effect.underMemalloc)
      ? ", never with PF_MEMALLOC set"
      : "";
  return `\`${call.name}()\` ${kinds.join(", ")}${where}`;
}

function describeEffects(call: CallExplanation, root: string): string[] {
  // What the call itself does stands above; this is where the rest of it happens.
  const below = call.effects.filter((effect) => effect.chain.length > 0 || effect.doubt !== null);
  const lines = below.slice(0, EFFECTS_SHOWN).map((effect) => `- ${describeEffect(effect, root)}`);
  const more = below.length - EFFECTS_SHOWN;
  if (more > 0) lines.push(`- and ${more} other kinds`);
  const targets =
    call.via === null
      ? ""
      : `\`${call.via}\` is ${call.targets.map((target) => `[${target.function}()](${uriOf(root, target.file)}#L${target.line})`).join(", ")}`;
  return [lines.join("\n"), targets];
}

function describeEffect(effect: CallEffect, root: string): string {
  const end = effect.chain[effect.chain.length - 1];
  const where =
    end === undefined
      ? ""
      : ` in [${end.function}()](${uriOf(root, end.file)}#L${end.line}), ${effect.chain.length - 1} ${effect.chain.length === 2 ? "call" : "calls"} down`;
  const memalloc = effect.underMemalloc ? "" : ", not with PF_MEMALLOC set";
  return `${effect.what}${where}${memalloc}${effect.doubt === null ? "" : ` (doubtful: ${effect.doubt})`}`;
}

function describeStates({ before, after }: PlaceExplanation): string[] {
  if (before.length === 0) return [];
  const lines = (when: string, states: readonly string[]): string[] => states.map((state) => `${when}: ${state}`);
  const same = before.join() === after.join() || after.length === 0;
  return [(same ? lines("Here", before) : [...lines("Before", before), ...lines("After", after)]).join("  \n")];
}

/** The calls that lead here, outermost first. */
function describeWay(way: readonly ChainLink[], root: string): string {
  if (way.length < 2) return "";
  const link = ({ function: name, file, line }: ChainLink): string => `[${name}()](${uriOf(root, file)}#L${line})`;
  const shown =
    way.length <= LINKS_AT_START + LINKS_AT_END + 1
      ? way.map(link)
      : [
          ...way.slice(0, LINKS_AT_START).map(link),
          `… ${way.length - LINKS_AT_START - LINKS_AT_END} calls …`,
          ...way.slice(-LINKS_AT_END).map(link),
        ];
  return `Way here: ${shown.join(" → ")}`;
}
