/** The parameters and locals of a body, with the types that they are declared with. */
import { BodyNotes } from "./body-notes.ts";
import type { Body } from "./function-bodies.ts";
import type { TypeName } from "./ir.ts";

const LOCALS = new BodyNotes<ReadonlyMap<string, TypeName | null>>("locals", collect);

/** By name; null for a macro's parameters, which have no type. */
export function localsOf(body: Body): ReadonlyMap<string, TypeName | null> {
  return LOCALS.of(body);
}

function collect({ function: fn, ir }: Body): ReadonlyMap<string, TypeName | null> {
  const locals = new Map<string, TypeName | null>();
  for (const { name, type } of ir.parameters) locals.set(name, fn === null ? null : type);
  for (const step of ir.steps)
    if (step.k === "declare" && (locals.get(step.name) ?? null) === null) locals.set(step.name, step.type);
  return locals;
}
