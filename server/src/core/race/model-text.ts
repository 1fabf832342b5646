/** The texts inside a model that hold expressions. */
import type { Procedure, Step, ThreadDeclaration } from "./model.ts";

/** Every string in a JSON value. With `procedures`: also those of procedures that the value's steps call. */
export function textsOf(value: unknown, procedures: readonly Procedure[] = []): string[] {
  const list: string[] = [];
  const called = new Set<string>();
  const visit = (one: unknown): void => {
    if (typeof one === "string") list.push(one);
    else if (Array.isArray(one)) for (const item of one) visit(item);
    else if (typeof one === "object" && one !== null) {
      for (const [key, item] of Object.entries(one)) {
        if (key === "call" && typeof item === "string" && !called.has(item)) {
          called.add(item);
          const procedure = procedures.find((each) => each.name === item);
          if (procedure !== undefined) visit(procedure.steps);
        }
        // Prose is not code.
        if (!PROSE.has(key)) visit(item);
      }
    }
  };
  visit(value);
  return list;
}

const PROSE: ReadonlySet<string> = new Set([
  "label",
  "title",
  "summary",
  "description",
  "sources",
  "assumptions",
  "notes",
  "affected",
  "note",
  "kind",
]);

export type { Step, ThreadDeclaration };
