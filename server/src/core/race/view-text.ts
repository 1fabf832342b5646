/** A state in words, for screen readers and terminals. */
import type { StateView } from "./view.ts";

export function describeView(view: Omit<StateView, "text">): string {
  const lines: string[] = [`Step ${view.row}.`];
  for (const thread of view.threads) {
    const context = thread.context.length > 0 ? ` (${thread.context.join(", ")})` : "";
    const next = thread.next === undefined ? "" : `, next: ${thread.next.label}`;
    const reason = thread.reason === undefined ? "" : `, ${thread.reason.text}`;
    const holds = thread.holds.length > 0 ? `, holds ${thread.holds.join(", ")}` : "";
    const reader = thread.rcuReader ? ", in an RCU read section" : "";
    lines.push(`Thread ${thread.name}${context}: ${thread.status}${reason}${holds}${reader}${next}.`);
  }
  for (const slot of view.slots) {
    const bits = slot.bits.filter((bit) => bit.set).map((bit) => `I_${bit.name}`);
    const fields = slot.fields.map((field) => `${field.name} ${field.value}`);
    const hash = slot.hashPosition === null ? "not hashed" : `hashed at place ${slot.hashPosition}`;
    const waiters = slot.waiters.length > 0 ? [`waiters: ${slot.waiters.join(", ")}`] : [];
    const parts =
      slot.phase === "free" ? ["free memory", ...waiters] : [slot.phase, hash, ...bits, ...fields, ...waiters];
    lines.push(`Inode ${slot.name}: ${parts.join(", ")}.`);
  }
  for (const lock of view.locks) {
    if (lock.holder !== null) lines.push(`Lock ${lock.name}: held by ${view.threads[lock.holder]?.name ?? "?"}.`);
  }
  for (const queue of view.queues) lines.push(`Queue ${queue.name}: ${queue.items.join(", ") || "empty"}.`);
  for (const { group, variables } of view.groups) {
    lines.push(`${group}: ${variables.map((one) => `${one.name} ${one.value}`).join(", ")}.`);
  }
  for (const violation of view.violations) lines.push(`Violated: ${violation.invariant}, ${violation.message}.`);
  if (view.terminal && view.violations.length === 0) lines.push("Nothing is left to do.");
  return lines.join("\n");
}
