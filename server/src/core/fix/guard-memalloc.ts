/** Guards a call with PF_MEMALLOC where the filesystem has a way of putting the work off already. */
import { EffectGraph, type GraphNode } from "../analysis/effect-graph.ts";
import { MODES } from "../analysis/interpreter.ts";
import type { FunctionRef } from "../callgraph/program.ts";
import type { EffectKind } from "../knowledge/knowledge.ts";
import { addIncludes, type FixSite, fileText, ownFiles } from "./fix-site.ts";
import { type Fixer, MEMALLOC_RULES, NOT_IN_RECLAIM } from "./fixer.ts";
import { callStatements, guardCalls } from "./guard-calls.ts";

/** What a function that only puts work off does not do. */
const NOT_DEFERRAL: ReadonlySet<EffectKind> = new Set([
  ...NOT_IN_RECLAIM,
  "lookup",
  "drop",
  "truncate",
  "clear",
  "unhash",
]);
const QUEUES =
  /\b(queue_work|queue_delayed_work|schedule_work|schedule_delayed_work|mod_delayed_work|llist_add|task_work_add)\s*\(/;

export const guardMemalloc: Fixer = {
  fix: "guard-memalloc",
  rules: MEMALLOC_RULES,
  make(site) {
    const { body } = site;
    const places = callStatements(site);
    const deferral = places === null ? null : findDeferral(site);
    if (places === null || deferral === null) return null;
    const edits = guardCalls(
      site,
      places,
      (call) => ["if (current->flags & PF_MEMALLOC)", `\t${deferral.name}(${site.inode});`, "else", `\t${call}`],
      `in reclaim ${deferral.name}() puts it off`,
    );
    const includes = addIncludes(body.file, fileText(site, body.file), ["linux/sched.h"]);
    return {
      title: `In reclaim, put it off with ${deferral.name}() (guard with PF_MEMALLOC)`,
      edits: [...includes, ...edits],
    };
  },
};

/** A function of the filesystem that takes the inode and queues work, and does nothing that reclaim must not. */
function findDeferral(site: FixSite): FunctionRef | null {
  const { scope, facts } = site;
  // A graph of its own: what is tried here is no part of eviction.
  const graph = new EffectGraph(scope.engine, facts.filesystem, MODES.reclaim);
  for (const file of ownFiles(site)) {
    if (!QUEUES.test(fileText(site, file))) continue;
    for (const fn of file.functions) {
      if (fn.isStatic && file !== site.body.file) continue;
      // An operation of the table is called by the VFS, with its own rules.
      if ([...facts.filesystem.operations.values()].some((each) => each.functionName === fn.name)) continue;
      const body = scope.engine.bodies.of(fn);
      const [inode, ...others] = body?.ir.parameters ?? [];
      if (inode?.type.struct !== "inode" || inode.type.pointers !== 1 || others.length > 0) continue;
      // It is called from further up in the file, so it must stand there.
      if (file === site.body.file && fn.span.start > site.body.function!.span.start) continue;
      const root = graph.root(fn);
      if (root !== null && putsOff(root)) return fn;
    }
  }
  return null;
}

function putsOff(root: GraphNode): boolean {
  const seen = new Set<GraphNode>([root]);
  let defers = false;
  for (const node of seen) {
    for (const effect of node.effects) {
      if (NOT_DEFERRAL.has(effect.kind)) return false;
      defers ||= effect.kind === "defer";
    }
    for (const edge of node.edges) seen.add(edge.target);
  }
  return defers;
}
