/** A packed state made ready for display. */
import { STATE_BITS } from "./compile-context.ts";
import type { Expander, Move } from "./expander.ts";
import type { Cell, Program } from "./program.ts";
import { loadCell } from "./state-access.ts";
import { heldLocks, locationOf, pcOf, slotName, templateOf, waitsOn } from "./state-names.ts";
import { describeStuck, waitReason } from "./stuck.ts";
import type {
  LockView,
  NamedValue,
  QueueView,
  SlotView,
  StateBit,
  StateView,
  ThreadStatus,
  ThreadView,
  TransitionView,
  VariableGroupView,
} from "./view.ts";
import { describeView } from "./view-text.ts";

const LRU_NAMES = ["no list", "LRU", "private", "deferred"];
const PHASES = ["free", "live", "limbo"] as const;
const SHOWN_APART = new Set(["phase", "hashed", "woken"]);
const GROUPS = ["memory", "disk", "transaction", "superblock", "other"] as const;

export interface ViewRequest {
  readonly program: Program;
  readonly expander: Expander;
  readonly state: Int32Array;
  /** The state before the last step, and that step's thread. */
  readonly before: Int32Array | undefined;
  readonly movedThread: number | undefined;
  readonly row: number;
  /** Steps taken so far, for the words about a stuck state. */
  readonly moves: readonly Move[];
  /** What the last step did wrong, if it did. */
  readonly stepViolation: number;
}

export function viewState(request: ViewRequest): StateView {
  const { program, expander, state } = request;
  const enabled = transitionsOf(program, expander, state, request.stepViolation);
  const finished = expander.finished(state);
  const violations: StateView["violations"][number][] = [];
  const report = (index: number): void => {
    const text = program.violations[index - 1];
    if (text) violations.push({ invariant: text.invariant, message: text.message, artefact: text.artefact });
  };
  if (request.stepViolation !== 0) report(request.stepViolation);
  else {
    const broken = expander.invariantViolated(state);
    if (broken !== 0) report(broken);
  }
  const moving = enabled.some((one) => one.spurious !== true);
  if (!moving && !finished && program.checksDeadlock && violations.length === 0) {
    const stuck = describeStuck(program, request.moves);
    violations.push({ invariant: stuck.invariant, message: stuck.message, artefact: false });
  }
  const threads = program.threads.map((thread) => threadView(request, thread.index, enabled));
  const chain = hashChain(program, state);
  const view = {
    modelId: program.modelId,
    row: request.row,
    threads,
    slots: slotViews(request),
    hashChain: chain,
    hashChainChanged: request.before !== undefined && hashChain(program, request.before).join() !== chain.join(),
    locks: lockViews(request, threads),
    queues: queueViews(request),
    groups: groupViews(request),
    enabled,
    violations,
    terminal: !moving,
  };
  return { ...view, text: describeView(view) };
}

export function transitionsOf(
  program: Program,
  expander: Expander,
  state: Int32Array,
  stepViolation: number,
): TransitionView[] {
  if (stepViolation !== 0) return [];
  const list: TransitionView[] = [];
  for (const thread of program.threads) {
    const location = locationOf(program, state, thread);
    for (const [alternative, t] of expander.enabled(state, thread.index, true).entries()) {
      const transition = location?.transitions[t];
      if (transition === undefined) continue;
      list.push({
        index: list.length,
        threadIndex: thread.index,
        thread: thread.name,
        step: transition.step,
        label: transition.label,
        alternative,
        ...(transition.source === undefined ? {} : { source: transition.source }),
        ...(transition.spurious === true ? { spurious: true } : {}),
      });
    }
  }
  return list;
}

function threadView(request: ViewRequest, index: number, enabled: readonly TransitionView[]): ThreadView {
  const { program, state, before } = request;
  const thread = program.threads[index] as Program["threads"][number];
  const template = templateOf(program, thread);
  const pc = pcOf(program, state, thread);
  const location = template.locations[pc];
  const mine = enabled.filter((one) => one.threadIndex === index);
  const canMove = mine.some((one) => one.spurious !== true);
  const reason = canMove || pc === template.end ? undefined : waitReason(program, state, index);
  const next = location?.transitions[0];
  const rcu = program.rcuFlag[thread.template];
  const roles = new Set<Cell | undefined>([template.pc, rcu, program.waitKey[thread.template]]);
  return {
    index,
    name: thread.name,
    context: template.context,
    daemon: template.daemon,
    status: statusOf(pc === template.end, canMove, reason?.kind, template.daemon),
    ...(next === undefined
      ? {}
      : {
          next: {
            step: next.step,
            label: next.label,
            ...(next.source === undefined ? {} : { source: next.source }),
          },
        }),
    ...(reason === undefined ? {} : { reason }),
    holds: heldLocks(program, state, thread),
    rcuReader: rcu !== undefined && loadCell(state, rcu, 0, thread.base) !== 0,
    locals: template.locals
      .filter((cell) => !roles.has(cell) && cell.shared !== true)
      .map((cell) => namedValue(program, cell.name, cell, 0, state, before, thread.base)),
    moved: request.movedThread === index,
  };
}

function statusOf(finished: boolean, canMove: boolean, kind: string | undefined, daemon: boolean): ThreadStatus {
  if (finished) return "finished";
  if (canMove) return "enabled";
  if (kind === "sleep") return "asleep";
  return daemon && (kind === "queue" || kind === "grace-period" || kind === "condition") ? "idle" : "blocked";
}

function namedValue(
  program: Program,
  name: string,
  cell: Cell,
  index: number,
  state: Int32Array,
  before: Int32Array | undefined,
  base: number,
): NamedValue {
  const value = loadCell(state, cell, index, base);
  const text =
    cell.holds === "slot"
      ? slotName(program, value)
      : name === "lru"
        ? (LRU_NAMES[value] ?? String(value))
        : String(value);
  return { name, value: text, changed: before !== undefined && loadCell(before, cell, index, base) !== value };
}

function hashChain(program: Program, state: Int32Array): string[] {
  const hashed = program.slots.fields.get("hashed");
  if (hashed === undefined) return [];
  const places = program.slots.names.map((name, slot) => ({ name, rank: loadCell(state, hashed, slot, 0) }));
  return places
    .filter((one) => one.rank > 0)
    .sort((a, b) => a.rank - b.rank)
    .map((one) => one.name);
}

function slotViews({ program, state, before }: ViewRequest): SlotView[] {
  const { fields, names } = program.slots;
  return names.map((name, slot) => {
    const value = (field: string, from: Int32Array): number => {
      const cell = fields.get(field);
      return cell === undefined ? (field === "phase" ? 1 : 0) : loadCell(from, cell, slot, 0);
    };
    const changed = (field: string): boolean => before !== undefined && value(field, before) !== value(field, state);
    const bits: StateBit[] = [];
    const values: NamedValue[] = [];
    for (const [field, cell] of fields) {
      if (SHOWN_APART.has(field)) continue;
      if (STATE_BITS.includes(field))
        bits.push({ name: field, set: value(field, state) !== 0, changed: changed(field) });
      else values.push(namedValue(program, field, cell, slot, state, before, 0));
    }
    const waiters = waitersOf(program, state, slot);
    return {
      index: slot,
      name,
      phase: PHASES[value("phase", state)] ?? "free",
      phaseChanged: changed("phase"),
      hashPosition: value("hashed", state) === 0 ? null : value("hashed", state),
      hashChanged: changed("hashed"),
      bits,
      fields: values,
      waiters,
      waitersChanged: before !== undefined && waitersOf(program, before, slot).join() !== waiters.join(),
    };
  });
}

function waitersOf(program: Program, state: Int32Array, slot: number): string[] {
  return program.threads.flatMap((thread) => {
    const key = waitsOn(program, state, thread);
    return key?.slot === slot ? [`${thread.name} (${key.bit})`] : [];
  });
}

function lockViews({ program, state, before }: ViewRequest, threads: readonly ThreadView[]): LockView[] {
  return program.locks.flatMap((lock) =>
    Array.from({ length: lock.cell.count }, (_, i): LockView => {
      const name = lock.perSlot ? `${lock.name}[${program.slots.names[i] ?? i}]` : lock.name;
      const shown = threads.find((thread) => thread.holds.includes(name));
      const value = loadCell(state, lock.cell, i, 0);
      return {
        name,
        kind: lock.kind,
        holder: value === 0 ? null : (shown?.index ?? null),
        changed: before !== undefined && loadCell(before, lock.cell, i, 0) !== value,
        waiters: threads.filter((thread) => thread.reason?.lock === name).map((thread) => thread.index),
      };
    }),
  );
}

function queueViews({ program, state, before }: ViewRequest): QueueView[] {
  return program.queues.map((queue) => {
    const items = (from: Int32Array): string[] =>
      Array.from({ length: loadCell(from, queue.length, 0, 0) }, (_, i) =>
        slotName(program, loadCell(from, queue.items, i, 0)),
      );
    const now = items(state);
    const changed = before !== undefined && items(before).join() !== now.join();
    return { name: queue.name, capacity: queue.capacity, items: now, changed };
  });
}

function groupViews({ program, state, before }: ViewRequest): VariableGroupView[] {
  return GROUPS.flatMap((group) => {
    const variables = program.variables
      .filter((variable) => variable.group === group)
      .flatMap(({ name, cell }) =>
        Array.from({ length: cell.count }, (_, i) =>
          namedValue(program, cell.count > 1 ? `${name}[${i}]` : name, cell, i, state, before, 0),
        ),
      );
    return variables.length === 0 ? [] : [{ group, variables }];
  });
}
