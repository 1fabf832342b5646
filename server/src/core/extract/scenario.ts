/** Fragments, threads and slots as one model: everything that the fragments need is declared. */
import type {
  BuiltInInvariant,
  LockDeclaration,
  Procedure,
  QueueDeclaration,
  RaceModel,
  SlotsDeclaration,
  ThreadDeclaration,
  UserInvariant,
  VariableDeclaration,
} from "../race/model.ts";
import type { Assumption, Fragment } from "./fragment.ts";

export interface ScenarioRequest {
  /** Letters, digits, `-`, `.`, `_`. */
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly kind?: string;
  readonly fragments: readonly Fragment[];
  /** Procedures beside the fragments: methods, drivers. */
  readonly procedures?: readonly Procedure[];
  readonly threads: readonly ThreadDeclaration[];
  readonly slots: SlotsDeclaration;
  /** Wins over a variable of the same name that a fragment needs: first values are the scenario's business. */
  readonly variables?: readonly VariableDeclaration[];
  readonly locks?: readonly LockDeclaration[];
  readonly queues?: readonly QueueDeclaration[];
  readonly invariants: readonly (BuiltInInvariant | UserInvariant)[];
  readonly progress?: "termination" | "deadlock";
  readonly spuriousWakeups?: boolean;
  readonly bounds?: Readonly<Record<string, number>>;
  /** Beyond those of the fragments that are used. */
  readonly assumptions?: readonly string[];
}

/** The validator takes at most 50 (race/validate.ts). */
const MAX_ASSUMPTIONS = 50;

/** Fragments that no thread reaches are left out, with their needs and assumptions. */
export function composeScenario(request: ScenarioRequest): RaceModel {
  const own = request.procedures ?? [];
  const used = reached(request, own);
  const fragments = request.fragments.filter((each) => used.has(each.name));
  const assumptions = [...(request.assumptions ?? []), ...fragments.flatMap((each) => each.assumptions.map(textOf))];
  const fields = byName([...(request.slots.fields ?? []), ...fragments.flatMap((each) => each.needs.fields)]);
  return {
    format: 1,
    id: request.id,
    title: request.title,
    summary: request.summary,
    ...(request.kind === undefined ? {} : { kind: request.kind }),
    assumptions: atMost([...new Set(assumptions)]),
    variables: byName([...(request.variables ?? []), ...fragments.flatMap((each) => each.needs.variables)]),
    slots: { ...request.slots, ...(fields.length === 0 ? {} : { fields }) },
    locks: byName([...(request.locks ?? []), ...fragments.flatMap((each) => each.needs.locks)]),
    ...(request.queues === undefined ? {} : { queues: request.queues }),
    procedures: [...own.filter((each) => used.has(each.name)), ...fragments.map((each) => each.procedure)],
    threads: request.threads,
    invariants: request.invariants,
    ...(request.progress === undefined ? {} : { progress: request.progress }),
    ...(request.spuriousWakeups === undefined ? {} : { spuriousWakeups: request.spuriousWakeups }),
    ...(request.bounds === undefined ? {} : { bounds: request.bounds }),
  };
}

export function textOf(assumption: Assumption): string {
  if (assumption.file === undefined) return assumption.text;
  return `${assumption.file}${assumption.line === undefined ? "" : `:${assumption.line}`}: ${assumption.text}`;
}

/** Names of the procedures that some thread calls, directly or through others. */
function reached(request: ScenarioRequest, own: readonly Procedure[]): ReadonlySet<string> {
  const all = new Map<string, Procedure>();
  for (const procedure of own) all.set(procedure.name, procedure);
  for (const { procedure } of request.fragments) all.set(procedure.name, procedure);
  const found = new Set<string>();
  const visit = (steps: Procedure["steps"]): void => {
    for (const step of steps) {
      if (typeof step === "string") continue;
      if (step.call !== undefined && !found.has(step.call)) {
        found.add(step.call);
        visit(all.get(step.call)?.steps ?? []);
      }
      visit(step.then ?? []);
      visit(step.else ?? []);
      visit(step.loop ?? []);
      for (const branch of step.choose ?? []) visit(branch);
    }
  };
  for (const thread of request.threads) visit(thread.steps);
  return found;
}

function byName<T extends { readonly name: string }>(list: readonly T[]): T[] {
  const first = new Map<string, T>();
  for (const each of list) if (!first.has(each.name)) first.set(each.name, each);
  return [...first.values()];
}

function atMost(texts: readonly string[]): string[] {
  if (texts.length <= MAX_ASSUMPTIONS) return [...texts];
  return [...texts.slice(0, MAX_ASSUMPTIONS - 1), `and ${texts.length - MAX_ASSUMPTIONS + 1} more`];
}
