/** Rules of the form "an operation reaches an effect of these kinds": one finding for each call of the operation that does. */
import type { Anchor, FilesystemFacts, Operation, ReachedEffect } from "../analysis/filesystem-facts.ts";
import { MODES, type Mode } from "../analysis/interpreter.ts";
import type { EffectKind } from "../knowledge/knowledge.ts";
import type { ContextName, EvictionOperation, RuleId, Severity } from "../report/finding.ts";
import { operationContexts, reclaimContexts } from "./contexts.ts";
import type { Draft, DraftEnd, DraftLink } from "./rule.ts";

export interface EffectRule {
  readonly rule: RuleId;
  readonly severity: Severity;
  readonly kinds: ReadonlySet<EffectKind>;
  /** Only what can happen with PF_MEMALLOC set. */
  readonly underReclaim: boolean;
  readonly operations?: readonly EvictionOperation[];
  /** Why an effect that is reached on this way may not happen after all; null when there is no reason. */
  readonly doubts?: (effect: ReachedEffect) => string | null;
  /** The finding's message: one sentence about the nearest effect. */
  readonly says: (operation: string, effect: ReachedEffect, contexts: readonly ContextName[]) => string;
}

export const MAX_ENDS = 32;

export function* effectFindings(facts: FilesystemFacts, rule: EffectRule): Iterable<Draft> {
  const mode = rule.underReclaim ? MODES.reclaim : MODES.any;
  const doubted = (effect: ReachedEffect): ReachedEffect => {
    const doubt = effect.doubt === null ? rule.doubts?.(effect) : null;
    return doubt == null ? effect : { site: effect.site, chain: effect.chain, doubt };
  };
  for (const operation of facts.operations) {
    if (rule.operations !== undefined && !rule.operations.includes(operation.name)) continue;
    for (const anchor of facts.anchors(operation, mode)) {
      const effects = anchor.effects.filter((effect) => rule.kinds.has(effect.site.kind)).map(doubted);
      const best = effects.find((effect) => effect.doubt === null) ?? effects[0];
      if (best === undefined) continue;
      const contexts = rule.underReclaim
        ? contextsUnderReclaim(facts, operation, anchor, rule)
        : contextsOutsideToo(facts, operation, anchor, rule);
      if (contexts.length === 0) continue;
      yield draftOf(
        facts,
        rule.rule,
        rule.severity,
        operation,
        anchor,
        effects,
        best,
        contexts,
        rule.says(operation.body.name, best, contexts),
      );
    }
  }
}

/** In which contexts the effect can happen: code that asks for PF_MEMALLOC does one thing in reclaim and another elsewhere. */
function contextsOutsideToo(
  facts: FilesystemFacts,
  operation: Operation,
  anchor: Anchor,
  rule: EffectRule,
): ContextName[] {
  const all = operationContexts(facts, operation.name);
  if (!facts.asksForTask()) return all;
  const inReclaim = contextsUnderReclaim(facts, operation, anchor, rule);
  const { call } = anchor.event;
  const { events } = facts.engine.interpreter.expand(operation.body, [], MODES.relaxed);
  const isElsewhere = events.some((event) => event.call === call);
  const reclaim = reclaimContexts(facts, operation.name);
  const isReached = isReachedIn(facts, operation, anchor, rule, MODES.reclaim);
  const contexts = all.filter((context) =>
    reclaim.includes(context) ? isReached && inReclaim.includes(context) : isElsewhere,
  );
  // Where reclaim is all that is known of, and is only assumed, it stays.
  return contexts.length > 0 ? contexts : all;
}

function isReachedIn(
  facts: FilesystemFacts,
  operation: Operation,
  anchor: Anchor,
  rule: EffectRule,
  mode: Mode,
): boolean {
  return facts
    .anchors(operation, mode)
    .some(
      (each) =>
        each.event.call === anchor.event.call && each.effects.some((effect) => rule.kinds.has(effect.site.kind)),
    );
}

/** In which reclaimers the effect can happen: kswapd and direct reclaim are told apart when the code asks. */
function contextsUnderReclaim(
  facts: FilesystemFacts,
  operation: Operation,
  anchor: Anchor,
  rule: EffectRule,
): ContextName[] {
  const all = reclaimContexts(facts, operation.name);
  if (facts.contexts.assumed || !facts.asksForKswapd()) return all;
  const inKswapd = isReachedIn(facts, operation, anchor, rule, MODES.kswapd);
  const inDirect = isReachedIn(facts, operation, anchor, rule, MODES.direct);
  return all.filter((context) => (context === "kswapd" ? inKswapd : inDirect));
}

export function draftOf(
  facts: FilesystemFacts,
  rule: RuleId,
  severity: Severity,
  operation: Operation,
  anchor: Anchor,
  effects: readonly ReachedEffect[],
  best: ReachedEffect,
  contexts: readonly ContextName[],
  message: string,
): Draft {
  const { call } = anchor.event;
  return {
    rule,
    severity,
    operation,
    at: call.at,
    end: call.end,
    first: call.callee.k === "id" ? call.callee.name : call.callee.k === "field" ? call.callee.name : "call",
    chain: linksOf(best),
    ends: endsOf(facts, effects),
    message,
    doubt: best.doubt,
    contexts,
  };
}

export function linksOf(effect: ReachedEffect): DraftLink[] {
  const links: DraftLink[] = effect.chain.map(({ body, event, via }) => ({
    body,
    at: event.call.at,
    via,
    guard: event.guard,
  }));
  const { body, event } = effect.site;
  links.push({ body, at: event.call.at, via: null, guard: event.guard });
  return links;
}

/**
 * The different ends of an anchor's chains, nearest first. Where generic code holds the effect, the call by which the
 * filesystem's own code gets there tells ends apart: sb_bread() and sb_getblk() are two, though both allocate in one place.
 */
export function endsOf(facts: FilesystemFacts, effects: readonly ReachedEffect[]): DraftEnd[] {
  const ends = new Map<string, DraftEnd>();
  for (const effect of effects) {
    const { site } = effect;
    const way = facts.filesystem.owns(site.body.file) ? "" : lastOwnCall(facts, effect);
    const key = `${site.body.file.path}|${site.body.name}|${way === "" ? site.event.call.at : ""}|${site.primitive}|${way}`;
    if (ends.has(key)) continue;
    const what = `${site.primitive}() ${site.what}${way === "" ? "" : `, by way of ${way}()`}`;
    ends.set(key, { body: site.body, at: site.event.call.at, what });
  }
  return [...ends.values()];
}

/** What the filesystem's own code calls last on the way. */
function lastOwnCall(facts: FilesystemFacts, effect: ReachedEffect): string {
  const { chain } = effect;
  for (let i = chain.length - 1; i >= 0; i--) {
    const { body, event } = chain[i]!;
    if (!facts.filesystem.owns(body.file)) continue;
    const { callee } = event.call;
    return callee.k === "id" || callee.k === "field" ? callee.name : "";
  }
  return "";
}
