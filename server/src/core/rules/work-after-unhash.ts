/**
 * Filesystem cleanup runs after the inode left the hash: a lookup of the same number finds nothing, builds a second
 * inode and reads what the first is still taking apart. Either after an unhash in the same operation, or in
 * ->destroy_inode, which evict() calls last.
 */
import type { Anchor, FilesystemFacts, Operation, ReachedEffect } from "../analysis/filesystem-facts.ts";
import { type CallEvent, MODES } from "../analysis/interpreter.ts";
import { type StateEvent, UNHASHED } from "../analysis/typestate.ts";
import type { Body } from "../ir/function-bodies.ts";
import type { EffectKind } from "../knowledge/knowledge.ts";
import type { Severity } from "../report/finding.ts";
import { operationContexts } from "./contexts.ts";
import { draftOf } from "./effect-findings.ts";
import { hashUse } from "./hash-use.ts";
import type { Draft, Rule } from "./rule.ts";

/** What counts as work; freeing memory and sleeping on a lock do not. */
export const WORK: ReadonlySet<EffectKind> = new Set([
  "truncate",
  "transaction",
  "dirty",
  "defer",
  "disk",
  "network",
  "wait",
  "lookup",
  "drop",
]);

export const workAfterUnhash: Rule = {
  id: "work-after-unhash",
  title: "Work after the unhash",
  description:
    "Filesystem cleanup runs after the inode left the inode hash, where a lookup of the same number no longer waits for it.",
  severity: "error",
  check: draftsOf,
};

const DRAFTS = new WeakMap<FilesystemFacts, readonly Draft[]>();

/** Made once: deferred-work asks for them, too. */
function draftsOf(facts: FilesystemFacts): readonly Draft[] {
  let known = DRAFTS.get(facts);
  if (known === undefined) {
    known = [...drafts(facts)];
    DRAFTS.set(facts, known);
  }
  return known;
}

/** Severity of the work-after-unhash at each anchor (`operation|offset`), for deferred-work. */
export function unhashSeverities(facts: FilesystemFacts): Map<string, Severity> {
  const severities = new Map<string, Severity>();
  for (const draft of draftsOf(facts))
    if (draft.doubt === null) severities.set(`${draft.operation.name}|${draft.at}`, draft.severity);
  return severities;
}

function* drafts(facts: FilesystemFacts): Iterable<Draft> {
  for (const name of ["evict_inode", "evict_inode_async"] as const) yield* afterOwnUnhash(facts, name);
  const destroy = facts.operation("destroy_inode");
  if (destroy === undefined) return;
  const use = hashUse(facts);
  for (const anchor of facts.anchors(destroy, MODES.any)) {
    const effects = anchor.effects.filter((effect) => WORK.has(effect.site.kind));
    const best = effects.find((effect) => effect.doubt === null) ?? effects[0];
    if (best === undefined) continue;
    const message = `${destroy.body.name}() works after evict() unhashed the inode: ${best.site.primitive}() ${best.site.what}${use.note}`;
    yield draftOf(
      facts,
      "work-after-unhash",
      use.severity,
      destroy,
      anchor,
      effects,
      best,
      operationContexts(facts, "destroy_inode"),
      message,
    );
  }
}

function* afterOwnUnhash(facts: FilesystemFacts, name: "evict_inode" | "evict_inode_async"): Iterable<Draft> {
  const operation = facts.operation(name);
  const walk = facts.typestate(name);
  if (operation === undefined || walk === null) return;
  // What is done behind each call of the operation while the inode is out of the hash.
  const met = new Map<number, MetWork>();
  for (const event of walk.events) {
    if ((event.state & UNHASHED) === 0 || event.kind === "exit" || !WORK.has(event.kind)) continue;
    if (event.kind === "truncate" && event.primitive === "") continue;
    const at = event.stack[0]?.event.call.at ?? event.at;
    let work = met.get(at);
    if (work === undefined) {
      work = new MetWork();
      met.set(at, work);
    }
    work.add(event);
  }
  for (const [at, work] of met) {
    const anchor = facts.anchors(operation, MODES.any).find((each) => each.event.call.at === at);
    if (anchor === undefined) continue;
    const effects = workBehind(anchor, work);
    const best = effects.find(({ doubt }) => doubt === null) ?? effects[0];
    if (best !== undefined) yield draftOfUnhashed(facts, operation, anchor, effects, best);
  }
}

/** What the walk met while the inode was out of the hash, behind one call of the operation. */
class MetWork {
  /** Of the effect itself, or of a call that the walk did not follow: the effect lies somewhere below it. */
  readonly #places = new Map<Body, Set<string>>();
  readonly #kinds = new Set<EffectKind | "exit">();

  add({ kind, body, at }: StateEvent): void {
    const places = this.#places.get(body);
    if (places === undefined) this.#places.set(body, new Set([placeOf(kind, at)]));
    else places.add(placeOf(kind, at));
    this.#kinds.add(kind);
  }

  hasKindOf({ site }: ReachedEffect): boolean {
    return this.#kinds.has(site.kind);
  }

  /** Whether the effect, or a call on the way to it, is among what was met. */
  has(effect: ReachedEffect): boolean {
    const { site } = effect;
    const isMet = ({ body, event }: { body: Body; event: CallEvent }): boolean =>
      this.#places.get(body)?.has(placeOf(site.kind, event.call.at)) ?? false;
    // The chain is made when it is asked for.
    return isMet(site) || effect.chain.some(isMet);
  }
}

function placeOf(kind: string, at: number): string {
  return `${kind}|${at}`;
}

/**
 * Nearest first: what was met, and not what the same call does while the inode is still hashed. A place that the walk met
 * by another call first is not told apart any more: then all of a kind, or all.
 */
function workBehind(anchor: Anchor, met: MetWork): readonly ReachedEffect[] {
  const effects = anchor.effects.filter((effect) => WORK.has(effect.site.kind));
  const narrowed = [effects.filter((effect) => met.has(effect)), effects.filter((effect) => met.hasKindOf(effect))];
  return narrowed.find((some) => some.some(({ doubt }) => doubt === null)) ?? effects;
}

function draftOfUnhashed(
  facts: FilesystemFacts,
  operation: Operation,
  anchor: Anchor,
  effects: readonly ReachedEffect[],
  best: ReachedEffect,
): Draft {
  const message = `${operation.body.name}() works after it unhashed the inode: ${best.site.primitive}() ${best.site.what} while a lookup can build a second one`;
  return draftOf(
    facts,
    "work-after-unhash",
    "error",
    operation,
    anchor,
    effects,
    best,
    operationContexts(facts, operation.name),
    message,
  );
}
