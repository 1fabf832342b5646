/** clear_inode() is reached without the mapping having been emptied, for an inode that can have page cache. */

import type { FilesystemFacts, Operation } from "../analysis/filesystem-facts.ts";
import { MODES } from "../analysis/interpreter.ts";
import { NO_PAGES, PAGES_GONE } from "../analysis/typestate.ts";
import type { Step } from "../ir/ir.ts";
import type { EffectKind } from "../knowledge/knowledge.ts";
import { operationContexts } from "./contexts.ts";
import type { Rule } from "./rule.ts";
import { stateDraft } from "./state-draft.ts";
import { callOffsets, nextOf } from "./walk-steps.ts";

export const missingTruncatePages: Rule = {
  id: "missing-truncate-pages",
  title: "Page cache not emptied",
  description:
    "clear_inode() is reached without truncate_inode_pages_final(), for an inode that can have page cache: clear_inode() stops the machine on pages.",
  severity: "error",
  *check(facts) {
    const walk = facts.typestate("evict_inode");
    if (walk === null || walk.limitHit || !canHavePageCache(facts)) return;
    const seen = new Set<number>();
    for (const event of walk.events) {
      if (event.kind !== "clear" || !event.onInode || (event.state & (PAGES_GONE | NO_PAGES)) !== 0) continue;
      const at = event.stack[0]?.event.call.at ?? event.at;
      if (seen.has(at)) continue;
      seen.add(at);
      const operation = facts.operation("evict_inode")!;
      const message = `${operation.body.name}() can reach clear_inode() without truncate_inode_pages_final()`;
      const what = "clear_inode() with pages still in the mapping";
      const kind = partingCondition(facts, operation, at);
      const doubt =
        kind === null ? null : `only where "${kind}" decides, which may be another kind of inode, without pages`;
      yield {
        ...stateDraft(
          "missing-truncate-pages",
          "error",
          operation,
          event,
          what,
          message,
          operationContexts(facts, "evict_inode"),
        ),
        doubt,
      };
    }
  },
};

/** Some code of the filesystem gives its inodes address space operations. */
function canHavePageCache(facts: FilesystemFacts): boolean {
  return facts.program.bindingsOf("a_ops").some((binding) => facts.filesystem.owns(binding.file));
}

const EMPTIES: ReadonlySet<EffectKind> = new Set(["truncate", "remove-folios"]);

/** Links are no kind of inode: a path that parts from the others by i_nlink is as good as any. */
const NO_KIND = /i_nlink/;

/**
 * The condition at which the way to this clear_inode() parts from those that empty the mapping; null when none does, or
 * when it is one that says nothing of the kind of inode.
 */
function partingCondition(facts: FilesystemFacts, operation: Operation, clearAt: number): string | null {
  const { body } = operation;
  const { steps } = body.ir;
  const truncating = new Set<number>();
  const walk = facts.typestate("evict_inode");
  const root = facts.graph(MODES.any).root(operation.binding.function!);
  if (walk === null || root === null) return null;
  for (const effect of root.effects) if (EMPTIES.has(effect.kind)) truncating.add(effect.event.call.at);
  for (const edge of root.edges)
    if ([...EMPTIES].some((kind) => walk.reaches(edge.target).has(kind))) truncating.add(edge.event.call.at);
  const calls = (step: Step, wanted: (at: number) => boolean): boolean => callOffsets(step).some(wanted);
  const canTruncate = backwards(steps, (step) => calls(step, (at) => truncating.has(at)));
  const canClear = backwards(steps, (step) => calls(step, (at) => at === clearAt));
  for (let at = 0; at < steps.length; at++) {
    const step = steps[at]!;
    if (step.k !== "branch" || calls(step, (each) => truncating.has(each))) continue;
    for (const [here, there] of [
      [step.yes, step.no],
      [step.no, step.yes],
    ] as const) {
      if (canTruncate.has(here) || !canTruncate.has(there) || !canClear.has(here)) continue;
      const text = body.text.slice(step.at, endOfCondition(body.text, step.at)).replace(/\s+/g, " ");
      if (!NO_KIND.test(text)) return text.replace(/^\(|\)$/g, "");
    }
  }
  return null;
}

function endOfCondition(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    if (text[i] === "(") depth++;
    else if (text[i] === ")" && --depth <= 0) return i + 1;
  }
  return at;
}

/** The steps from which one that fits can be reached. */
function backwards(steps: readonly Step[], fits: (step: Step) => boolean): Set<number> {
  const before = new Map<number, number[]>();
  const found = new Set<number>();
  steps.forEach((step, at) => {
    for (const next of nextOf(step)) before.set(next, [...(before.get(next) ?? []), at]);
    if (fits(step)) found.add(at);
  });
  const work = [...found];
  while (work.length > 0)
    for (const previous of before.get(work.pop()!) ?? [])
      if (!found.has(previous)) {
        found.add(previous);
        work.push(previous);
      }
  return found;
}
