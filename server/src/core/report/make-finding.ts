/** Drafts of the rules to findings: positions, conditions in source words, stable ids, suppressions. */
import type { Body } from "../ir/function-bodies.ts";
import { positionIn } from "../ir/function-bodies.ts";
import type { Draft, DraftLink } from "../rules/rule.ts";
import { conditionsOf, guardsOf } from "./conditions.ts";
import type { ChainEnd, ChainLink, Confidence, Finding, FindingSimulation } from "./finding.ts";
import { findingModelId } from "./simulation-models.ts";

export interface FindingOwner {
  readonly filesystem: string;
  readonly table: string;
}

/** More ends than this are counted in the message of the last one, not listed. */
const MAX_ENDS = 40;

/** How many findings there are of each identity: equals are told apart by number. */
export type Ordinals = ReadonlyMap<string, number>;

export class FindingMaker {
  readonly #ordinals: Map<string, number>;
  #suppressed = 0;

  /** `before`: the numbers that were given to findings of the same owner already. */
  constructor(before: Ordinals = new Map()) {
    this.#ordinals = new Map(before);
  }

  get ordinals(): Ordinals {
    return this.#ordinals;
  }

  get suppressed(): number {
    return this.#suppressed;
  }

  /** Null when a comment in the source allows it. */
  make(draft: Draft, owner: FindingOwner): Finding | null {
    const { body } = draft.operation;
    const start = positionIn(body, draft.at);
    const end = positionIn(body, draft.end);
    const identity = [
      draft.rule,
      owner.filesystem,
      owner.table,
      draft.operation.name,
      draft.generic === undefined ? "" : body.name,
      draft.first,
    ].join("|");
    const ordinal = this.#ordinals.get(identity) ?? 0;
    this.#ordinals.set(identity, ordinal + 1);
    if (isSuppressed(body, draft.at, draft.rule)) {
      this.#suppressed++;
      return null;
    }
    const { confidence, reason } = confidenceOf(draft);
    const severity = draft.doubt === null ? draft.severity : "hint";
    const id = hash(`${identity}|${ordinal}`);
    return {
      id,
      rule: draft.rule,
      severity,
      staticSeverity: severity,
      confidence,
      ...(reason === null ? {} : { confidenceReason: reason }),
      message: draft.ends.length > 1 ? `${draft.message} (${draft.ends.length} ends)` : draft.message,
      filesystem: draft.generic ?? owner.filesystem,
      table: draft.generic === undefined ? owner.table : "",
      operation: draft.operation.name,
      file: body.file.path,
      line: start.line,
      column: start.column,
      endLine: end.line,
      endColumn: end.column,
      function: body.name,
      contexts: draft.contexts,
      conditions: [...(draft.conditions ?? []), ...conditionsOf(draft.chain)],
      chain: draft.chain.map(linkOf),
      ends: endsOf(draft),
      simulation: simulationOf(draft, findingModelId(id)),
    };
  }
}

function simulationOf({ simulation }: Draft, model: string): FindingSimulation {
  if (simulation === undefined) return { model, verdict: "not-run", assumptions: [] };
  const { traceString } = simulation;
  // A trace string begins with the name of its model.
  return {
    ...simulation,
    model,
    ...(traceString === undefined ? {} : { traceString: traceString.replace(/^[^?#]*/, model) }),
  };
}

/** More guards than this on one call are nested deeper than a reader follows; the outermost are left out. */
const MAX_GUARDS = 4;

export function linkOf(link: DraftLink): ChainLink {
  const { line } = positionIn(link.body, link.at);
  const guards = guardsOf(link.body, link.guard).slice(-MAX_GUARDS);
  return {
    function: link.body.name,
    file: link.body.file.path,
    line,
    ...(link.via === null ? {} : { via: link.via }),
    ...(guards.length === 0 ? {} : { guards }),
  };
}

function endsOf(draft: Draft): ChainEnd[] {
  const ends = draft.ends.slice(0, MAX_ENDS).map(({ body, at, what }) => ({
    function: body.name,
    file: body.file.path,
    line: positionIn(body, at).line,
    what,
  }));
  const more = draft.ends.length - ends.length;
  const last = ends[ends.length - 1];
  if (more > 0 && last !== undefined) ends[ends.length - 1] = { ...last, what: `${last.what} (and ${more} more ends)` };
  return ends;
}

function confidenceOf(draft: Draft): { confidence: Confidence; reason: string | null } {
  if (draft.doubt !== null) return { confidence: "low", reason: draft.doubt };
  const broken = draft.chain.find((link) => link.body.ir.parseErrors > 0);
  if (broken !== undefined) return { confidence: "medium", reason: `${broken.body.name}() has parse errors` };
  if (draft.contexts.includes("assumed"))
    return { confidence: "medium", reason: "the tree has no mm/: reclaim is assumed" };
  return { confidence: "high", reason: null };
}

/** `evictscope: allow(rule-id): reason` in a comment on the anchor's line or the line above it; the reason is required. */
function isSuppressed(body: Body, at: number, rule: string): boolean {
  const lineStart = body.text.lastIndexOf("\n", at - 1) + 1;
  const previous = lineStart === 0 ? 0 : body.text.lastIndexOf("\n", lineStart - 2) + 1;
  const next = body.text.indexOf("\n", at);
  const lines = body.text.slice(previous, next < 0 ? body.text.length : next);
  for (const match of lines.matchAll(/evictscope:\s*allow\(([\w-]+)\)\s*:\s*(\S[^\n]*?)(\*\/|$)/gm))
    if (match[1] === rule && match[2]!.replace(/\*\/.*/, "").trim() !== "") return true;
  return false;
}

/** 64 bits of FNV-1a as 16 hexadecimal digits: the same text always gives the same id. */
function hash(text: string): string {
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (let i = 0; i < text.length; i++) {
    low ^= text.charCodeAt(i);
    // Times 0x100000001b3, in two halves.
    const lowTimes = (low >>> 0) * 0x1b3;
    high = (Math.imul(high, 0x1b3) + (low << 8) + Math.floor(lowTimes / 0x100000000)) | 0;
    low = lowTimes | 0;
  }
  return (high >>> 0).toString(16).padStart(8, "0") + (low >>> 0).toString(16).padStart(8, "0");
}
