/**
 * ->evict_inode_async (proposed 2025-04-08 by Dave Chinner, Z_RZFrlPArdj9d-5@dread.disaster.area): on every path it either
 * completes the eviction or punts it to a worker while the inode is still hashed; and the worker completes it.
 */
import type { FilesystemFacts } from "../analysis/filesystem-facts.ts";
import { MODES } from "../analysis/interpreter.ts";
import { CLEARED, QUEUED, type StateEvent, UNHASHED } from "../analysis/typestate.ts";
import type { FunctionRef } from "../callgraph/program.ts";
import type { Expr } from "../ir/ir.ts";
import { operationContexts } from "./contexts.ts";
import type { Rule } from "./rule.ts";
import { stateDraft } from "./state-draft.ts";

export const asyncEvictContract: Rule = {
  id: "async-evict-contract",
  title: "->evict_inode_async breaks its contract",
  description:
    "An ->evict_inode_async neither completes nor punts on some path, punts after the unhash, or queues a work function that does not complete the eviction.",
  severity: "error",
  *check(facts) {
    const operation = facts.operation("evict_inode_async");
    const walk = facts.typestate("evict_inode_async");
    if (operation === undefined || walk === null) return;
    const contexts = operationContexts(facts, "evict_inode_async");
    const name = operation.body.name;
    const seen = new Set<number>();
    const punts = walk.events.map((event) => (isPunt(event) ? worstWorker(facts, event) : null));
    // What else the method queues is other work: a flush of the superblock, say.
    const hasPunt = punts.some((punt) => punt !== null && punt.lack !== "incomplete");
    for (const [i, event] of walk.events.entries()) {
      const at = event.stack[0]?.event.call.at ?? event.at;
      if (seen.has(at)) continue;
      if (event.kind === "exit" && (event.state & (CLEARED | QUEUED)) === 0) {
        seen.add(at);
        yield stateDraft(
          "async-evict-contract",
          "error",
          operation,
          event,
          "neither completes nor punts",
          `${name}() can return here having neither completed the eviction nor queued it`,
          contexts,
        );
      } else if (isPunt(event) && (event.state & UNHASHED) !== 0) {
        seen.add(at);
        yield stateDraft(
          "async-evict-contract",
          "error",
          operation,
          event,
          `${event.primitive}() after the unhash`,
          `${name}() punts the eviction after it unhashed the inode: a lookup no longer waits for the worker`,
          contexts,
        );
      } else if (isPunt(event)) {
        const punt = punts[i] ?? null;
        if (punt === null || punt.lack === null || (punt.lack === "incomplete" && hasPunt)) continue;
        const { worker, lack } = punt;
        seen.add(at);
        const says = `does not complete the eviction`;
        const draft = stateDraft(
          "async-evict-contract",
          lack === "incomplete" ? "error" : "hint",
          operation,
          event,
          `${worker.name}() ${says}`,
          `${name}() queues ${worker.name}(), which ${says}`,
          contexts,
        );
        yield lack === "incomplete"
          ? draft
          : { ...draft, doubt: `${lack.calls}() may do it: this tree does not have it` };
      }
    }
  },
};

function isPunt(event: StateEvent): boolean {
  return event.kind === "defer" && event.primitive !== "";
}

type Lack = "incomplete" | { readonly calls: string } | null;

/** The work function of a queued item that does least of what completes an eviction; null when none is known. */
function worstWorker(facts: FilesystemFacts, queued: StateEvent): { worker: FunctionRef; lack: Lack } | null {
  const judged = workFunctions(facts, queued).map((worker) => ({ worker, lack: lackOf(facts, worker) }));
  const worst = judged.find(({ lack }) => lack === "incomplete") ?? judged.find(({ lack }) => lack !== null);
  return worst ?? judged[0] ?? null;
}

/** What runs when the work item of this call does: the function that INIT_WORK() or DECLARE_WORK() gave it. */
function workFunctions(facts: FilesystemFacts, queued: StateEvent): FunctionRef[] {
  const item = queued.event?.call.args.map(lastName).find((name) => name !== "");
  const { lookup, bodies } = facts.engine;
  const found = new Set<FunctionRef>();
  for (const file of facts.program.filesInOrder) {
    if (!facts.filesystem.owns(file)) continue;
    facts.engine.reads?.readText(file);
    const text = bodies.textOf(file, 0, file.size);
    for (const match of text.matchAll(WORK_INITIALISER)) {
      const name = /(\w+)\s*$/.exec(match[1]!)?.[1];
      const fn =
        name === item || queued.event?.call.args.some((arg) => lastName(arg) === name)
          ? lookup.functionValue(match[2]!, file)
          : null;
      if (fn !== null) found.add(fn);
    }
  }
  return [...found];
}

/** include/linux/workqueue.h, kthread.h, task_work.h: the item, then the function. */
const WORK_INITIALISER =
  /\b(?:INIT_(?:DELAYED_|RCU_)?WORK|DECLARE_(?:DELAYED_|DEFERRABLE_)?WORK|kthread_init_(?:delayed_)?work|init_task_work)\s*\(([^,;]*),\s*&?(\w+)/g;

/** `&ai->evict_work` and `&evict_work` both end in evict_work. */
function lastName(expr: Expr): string {
  switch (expr.k) {
    case "id":
    case "field":
      return expr.name;
    case "unary":
      return lastName(expr.operand);
    default:
      return "";
  }
}

/**
 * What a worker lacks: it clears the inode and takes it out of the hash, itself or through the tree's own completion. A
 * function that the tree does not have (the proposal was not merged) may do what is lacking.
 */
function lackOf(facts: FilesystemFacts, fn: FunctionRef): Lack {
  const root = facts.graph(MODES.any).root(fn);
  const walk = facts.typestate("evict_inode_async");
  if (root === null || walk === null) return null;
  const below = walk.reaches(root);
  if (below.has("clear") && below.has("unhash")) return null;
  const { lookup, knowledge, types } = facts.engine;
  const { body, events } = root.expansion;
  for (const { call } of events) {
    if (call.callee.k !== "id" || !call.args.some((arg) => types.structOf(arg, body)?.tag === "inode")) continue;
    const { name } = call.callee;
    if (!knowledge.functions.has(name) && lookup.direct(name, fn.file) === null) return { calls: name };
  }
  return "incomplete";
}
