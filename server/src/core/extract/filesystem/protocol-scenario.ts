/** A scenario on the eviction protocol: the methods of the filesystem as procedures, and whatever the threads call. */
import type {
  Procedure,
  RaceModel,
  Step,
  StepObject,
  ThreadDeclaration,
  VariableDeclaration,
} from "../../race/model.ts";
import { FILESYSTEM_EVICT } from "../protocol.ts";
import { composeScenario } from "../scenario.ts";
import type { Scenario } from "./finding-scope.ts";
import { mapSteps } from "./nested-steps.ts";
import type { SharedThing } from "./shared-things.ts";
import { FILESYSTEM_DESTROY, FILESYSTEM_DROP, IGNORED, type Protocol } from "./tree-protocol.ts";

/**
 * Steps of a filesystem's methods. Each has the parameter `inode`; `drop` sets `result` besides, and `destroy` frees the
 * memory or leaves that to somebody.
 */
export interface Methods {
  readonly evict?: readonly Step[];
  readonly destroy?: readonly Step[];
  readonly drop?: readonly Step[];
}

export interface ProtocolParts extends Pick<RaceModel, "threads" | "invariants" | "summary"> {
  readonly protocols: readonly Protocol[];
  /** In the order of `protocols`. */
  readonly methods: readonly Methods[];
  /** Procedures that the methods call. */
  readonly own: readonly Procedure[];
  readonly assumptions: readonly string[];
  readonly slots: NonNullable<RaceModel["slots"]>;
  readonly variables?: readonly VariableDeclaration[];
  /** What the threads share beside the inode: locks of the filesystem, its transaction. */
  readonly shared?: readonly SharedThing[];
  readonly locks?: RaceModel["locks"];
  readonly queues?: RaceModel["queues"];
  readonly toggles?: RaceModel["toggles"];
  /**
   * The invariants look at the filesystem's own steps alone: that generic code takes fewer steps here than it has can hide
   * no run from them, so it is no assumption of the verdict.
   */
  readonly looksAtOwnStepsAlone?: boolean;
}

const SUPERBLOCK: readonly VariableDeclaration[] = [
  { name: "sb.active", initial: 1, group: "superblock" },
  { name: "sb.dead", group: "superblock" },
];

export function onProtocol(parts: ProtocolParts): Scenario {
  const { shared = [] } = parts;
  const procedures = parts.protocols.flatMap((protocol, i) => methodsOf(protocol, parts.methods[i] ?? {}));
  const all = parts.protocols.flatMap(({ fragments }) => fragments);
  const fragments =
    parts.looksAtOwnStepsAlone === true
      ? all.map((each) => ({ ...each, assumptions: each.assumptions.filter(({ file }) => file !== undefined) }))
      : all;
  const composed = composeScenario({
    id: "composed",
    title: "",
    summary: parts.summary,
    fragments,
    procedures: [...parts.own, ...procedures],
    threads: [
      ...parts.threads.map((thread) => withLocals(thread, shared)),
      ...shared.flatMap(({ threads }) => threads),
    ],
    slots: parts.slots,
    variables: [...(parts.variables ?? []), ...shared.flatMap(({ variables }) => variables), ...SUPERBLOCK],
    ...(parts.locks === undefined ? {} : { locks: parts.locks }),
    ...(parts.queues === undefined ? {} : { queues: parts.queues }),
    invariants: parts.invariants,
    progress: "deadlock",
    assumptions: parts.assumptions,
  });
  const counts = shared.flatMap(({ locals }) => locals.map(({ name }) => name));
  const { assumptions = [], ...model } = counts.length === 0 ? composed : passedOn(composed, counts);
  const used = new Set((model.procedures ?? []).map(({ name }) => name));
  const written = parts.protocols
    .flatMap((each) => [...each.written])
    .flatMap(([name, text]) => (used.has(name) ? text : []));
  const { format: _, id: _id, title: _title, ...rest } = model;
  return {
    ...rest,
    summary: parts.summary,
    assumptions: [...new Set([...assumptions, ...written])],
    ...(parts.toggles === undefined ? {} : { toggles: parts.toggles }),
  };
}

/** A procedure sees what it is given: each of them gets these locals of the thread that calls it. */
function passedOn(model: RaceModel, names: readonly string[]): RaceModel {
  const given = Object.fromEntries(names.map((name) => [name, name]));
  const inCalls = (steps: readonly Step[]): Step[] =>
    mapSteps(steps, (step) => (step.call === undefined ? step : { ...step, with: { ...step.with, ...given } }));
  return {
    ...model,
    procedures: (model.procedures ?? []).map((each) => ({
      ...each,
      parameters: [...(each.parameters ?? []), ...names],
      steps: inCalls(each.steps),
    })),
    threads: model.threads.map((thread) => ({ ...thread, steps: inCalls(thread.steps) })),
  };
}

function methodsOf(
  protocol: Protocol,
  { evict = plainEvict(protocol), destroy = [FREES], drop = [] }: Methods,
): Procedure[] {
  const { suffix } = protocol.bindings;
  return [
    { name: `${FILESYSTEM_EVICT}${suffix}`, parameters: ["inode"], steps: evict },
    {
      name: `${FILESYSTEM_DESTROY}${suffix}`,
      parameters: ["inode"],
      steps: destroy,
    },
    { name: `${FILESYSTEM_DROP}${suffix}`, parameters: ["inode", "result"], steps: drop },
  ];
}

export const FREES: StepObject = { label: "the memory is freed: call_rcu()", do: "call_rcu(inode)" };

/** What any ->evict_inode does, with the filesystem's own steps before clear_inode(). */
export function plainEvict(protocol: Protocol, own: readonly Step[] = []): Step[] {
  return [TRUNCATES, ...own, protocol.call("clear", { inode: "inode" })];
}

export const TRUNCATES: Step = {
  label: "->evict_inode: truncate_inode_pages_final(&inode->i_data)",
  do: "inode.pages = 0",
};

function withLocals(thread: ThreadDeclaration, shared: readonly SharedThing[]): ThreadDeclaration {
  const counts = shared.flatMap(({ locals }) => locals);
  return { ...thread, locals: [...(thread.locals ?? []), { name: IGNORED, max: 1 }, ...counts] };
}
