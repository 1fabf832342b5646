/** A draft from an event of the typestate walk. */
import type { Operation } from "../analysis/filesystem-facts.ts";
import type { StateEvent } from "../analysis/typestate.ts";
import type { ContextName, RuleId, Severity } from "../report/finding.ts";
import type { Draft, DraftLink } from "./rule.ts";

export function stateDraft(
  rule: RuleId,
  severity: Severity,
  operation: Operation,
  event: StateEvent,
  what: string,
  message: string,
  contexts: readonly ContextName[],
): Draft {
  const anchor = event.stack[0]?.event.call ?? event.event?.call;
  const chain: DraftLink[] = event.stack.map(({ body, event: call, via }) => ({
    body,
    at: call.call.at,
    via,
    guard: call.guard,
  }));
  chain.push({ body: event.body, at: event.at, via: null, guard: event.guard });
  return {
    rule,
    severity,
    operation,
    at: anchor?.at ?? event.at,
    end: anchor?.end ?? event.at + 1,
    first:
      anchor === undefined
        ? "return"
        : anchor.callee.k === "id" || anchor.callee.k === "field"
          ? anchor.callee.name
          : "call",
    chain,
    ends: [{ body: event.body, at: event.at, what }],
    message,
    doubt: null,
    contexts,
  };
}
