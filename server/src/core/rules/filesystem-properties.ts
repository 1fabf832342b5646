/** What a filesystem's eviction can do in any context, with the shortest way to each: facts, no judgement. */
import type { Anchor, FilesystemFacts, Operation, ReachedEffect } from "../analysis/filesystem-facts.ts";
import { MODES, type Mode } from "../analysis/interpreter.ts";
import { positionIn } from "../ir/function-bodies.ts";
import type { EffectKind } from "../knowledge/knowledge.ts";
import { guardsOf } from "../report/conditions.ts";
import type { FilesystemProperties, PropertyEvidence, PropertyId } from "../report/filesystem-properties.ts";
import { linkOf } from "../report/make-finding.ts";
import { reclaimContexts } from "./contexts.ts";
import { linksOf } from "./effect-findings.ts";
import { inodeCache } from "./hash-use.ts";

const KINDS: Readonly<Partial<Record<PropertyId, readonly EffectKind[]>>> = {
  dirties: ["dirty"],
  "no-fail": ["nofail"],
  blocks: ["transaction", "disk", "network", "wait", "freeze", "lock"],
  "looks-up": ["lookup"],
  "drops-others": ["drop"],
  defers: ["defer"],
};
/** What deleting an inode for good takes: it is written somewhere, or somebody is told. */
const DELETION: ReadonlySet<EffectKind> = new Set(["dirty", "transaction", "disk", "network"]);
/** A log written under a lock of the filesystem counts where it is done for unlinked inodes alone. */
const LOGGED_DELETION: ReadonlySet<EffectKind> = new Set(["wait", "lock"]);
const UNLINKED = /\bi_nlink == 0$/;
const LINK_COUNT = /\bi_nlink\b/;

/** Called while the facts of a review are at hand: nothing is computed that the rules have not asked for. */
export function describeFilesystem(facts: FilesystemFacts): FilesystemProperties {
  const { id, table } = facts.filesystem;
  const properties: Partial<Record<PropertyId, PropertyEvidence>> = {};
  for (const [property, kinds] of Object.entries(KINDS)) {
    const evidence = nearest(facts, kinds);
    if (evidence !== null) properties[property as PropertyId] = evidence;
  }
  const deletion = findDeletion(facts);
  if (deletion !== null) properties.deletes = deletion;
  const unhash = findUnhash(facts);
  if (unhash !== null) properties["unhashes-early"] = unhash;
  return {
    filesystem: id,
    table: { name: table.name, file: table.file.path, line: table.span.line },
    cache: inodeCache(facts),
    properties,
  };
}

/** The way that reclaim takes where there is a sure one, else any. */
function nearest(facts: FilesystemFacts, kinds: readonly EffectKind[]): PropertyEvidence | null {
  const underReclaim = facts.operations.filter(({ name }) => reclaimContexts(facts, name).length > 0);
  const first = search(facts, underReclaim, kinds, MODES.reclaim);
  if (first !== null && first.effect.doubt === null) return evidenceOf(first, true);
  const any = search(facts, facts.operations, kinds, MODES.any);
  return any === null ? null : evidenceOf(any, first !== null);
}

interface Found {
  readonly operation: Operation;
  readonly effect: ReachedEffect;
}

function search(
  facts: FilesystemFacts,
  operations: readonly Operation[],
  kinds: readonly EffectKind[],
  mode: Mode,
): Found | null {
  let best: Found | null = null;
  for (const operation of operations) {
    for (const { effects } of facts.anchors(operation, mode)) {
      for (const effect of effects) {
        if (!kinds.includes(effect.site.kind)) continue;
        // The first operation counts (->evict_inode); within it a sure way before a doubtful one, a short one before a long.
        const wins =
          best === null ||
          (best.operation === operation
            ? isBetter(effect, best.effect)
            : best.effect.doubt !== null && effect.doubt === null);
        if (wins) best = { operation, effect };
      }
    }
  }
  return best;
}

function isBetter(a: ReachedEffect, b: ReachedEffect): boolean {
  if ((a.doubt === null) !== (b.doubt === null)) return a.doubt === null;
  return a.chain.length < b.chain.length;
}

function evidenceOf({ operation, effect }: Found, reclaim: boolean): PropertyEvidence {
  const { site, doubt } = effect;
  return {
    operation: operation.name,
    function: site.body.name,
    file: site.body.file.path,
    line: positionIn(site.body, site.event.call.at).line,
    what: `${site.primitive}() ${site.what}`,
    chain: linksOf(effect).map(linkOf),
    reclaim,
    ...(doubt === null ? {} : { doubt }),
  };
}

/** The link count is tested in the operation's own code, and a call there writes or tells somebody. */
function findDeletion(facts: FilesystemFacts): PropertyEvidence | null {
  for (const operation of facts.operations) {
    const { body } = operation;
    const at = body.text.replace(/\/\*[\s\S]*?\*\//g, (comment) => " ".repeat(comment.length)).search(LINK_COUNT);
    if (at < 0) continue;
    const works = ({ effects, event }: Anchor): boolean => {
      const unlinked = guardsOf(body, event.guard).some((guard) => UNLINKED.test(guard));
      return effects.some(
        ({ site, doubt }) =>
          doubt === null && (DELETION.has(site.kind) || (unlinked && LOGGED_DELETION.has(site.kind))),
      );
    };
    if (!facts.anchors(operation, MODES.any).some(works)) continue;
    const { line } = positionIn(body, at);
    const { file, name } = body;
    return {
      operation: operation.name,
      function: name,
      file: file.path,
      line,
      what: "tests i_nlink, and frees the inode for good",
      chain: [{ function: name, file: file.path, line }],
      reclaim: reclaimContexts(facts, operation.name).length > 0 && facts.anchors(operation, MODES.reclaim).some(works),
    };
  }
  return null;
}

/** The inode under eviction itself leaves the hash, not one that eviction looked up and gives up. */
function findUnhash(facts: FilesystemFacts): PropertyEvidence | null {
  for (const operation of facts.operations) {
    const found = facts.typestate(operation.name)?.events.find((event) => event.kind === "unhash" && event.onInode);
    if (found === undefined) continue;
    const { body, at, stack, guard, primitive } = found;
    const links = stack.map((frame) => ({
      body: frame.body,
      at: frame.event.call.at,
      via: frame.via,
      guard: frame.event.guard,
    }));
    return {
      operation: operation.name,
      function: body.name,
      file: body.file.path,
      line: positionIn(body, at).line,
      what: `${primitive}() takes the inode out of the hash`,
      chain: [...links, { body, at, via: null, guard }].map(linkOf),
      reclaim: reclaimContexts(facts, operation.name).length > 0,
    };
  }
  return null;
}
