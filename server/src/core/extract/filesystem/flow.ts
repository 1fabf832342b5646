/**
 * One function of the tree as abstract steps of a model: the calls that somebody cares about, in the order of the
 * control flow, with the conditions that lie between them. What is not asked for is left out, and so are conditions
 * that decide nothing of it. A condition that is not known becomes a choice; tests of the link count and of a local
 * that never changes keep their meaning. Loops run at most once.
 */
import { Env } from "../../analysis/env.ts";
import type { CallEvent, Interpreter, Mode } from "../../analysis/interpreter.ts";
import type { Value } from "../../analysis/value.ts";
import { type Body, positionIn } from "../../ir/function-bodies.ts";
import type { CallExpr, Step as CodeStep } from "../../ir/ir.ts";
import type { LocalDeclaration, SourceSpan, Step, StepObject } from "../../race/model.ts";
import { linkTest, stableNames, wayLabel } from "./condition.ts";

export interface FlowRequest {
  readonly body: Body;
  readonly mode: Mode;
  readonly interpreter: Interpreter;
  readonly args: readonly Value[];
  /** What is known of the inode under eviction: names that begin with `#`. */
  readonly facts: Env;
  /** What a call becomes; nothing when it is not part of the model. */
  readonly onCall: (event: CallEvent, env: Env) => readonly Step[];
  /** Steps of a way out of a branch beside its label: `is_bad_inode(inode)` says that there are no pages. */
  readonly onBranch?: (step: CodeStep & { readonly k: "branch" }, yes: boolean) => readonly Step[];
  readonly onReturn?: (at: number) => readonly Step[];
  /** What the function takes and gives back of what the threads of the model share. */
  readonly shared?: SharedFlow | undefined;
  /** What the truth of a test says, as an expression of the model; null where that is not known. */
  readonly onTest?: (step: CodeStep & { readonly k: "branch" }) => string | null;
  /** Choices that follow one another without anything in between become one: each way has the words of the last. */
  readonly mergesChoices?: boolean;
}

export interface SharedFlow {
  /** In front of what else a call does and behind it. `inPlace`: what it calls is a procedure of the model, too. */
  stepsOf(call: CallExpr, inPlace: boolean): { readonly takes: readonly Step[]; readonly givesBack: readonly Step[] };
  /** Where the scope of a guard() ends. */
  leaves(call: CallExpr): readonly Step[];
  /** As `onTest`. */
  testOf(step: CodeStep & { readonly k: "branch" }): string | null;
  readonly locals: readonly LocalDeclaration[];
}

export interface Flow {
  /** Empty when nothing that was asked for can be reached. Uses the parameter `inode`, leaves by `return`. */
  readonly steps: readonly Step[];
  readonly locals: readonly LocalDeclaration[];
  /** A loop holds steps of the model: it was cut to one round. */
  readonly cutsLoop: boolean;
}

/** fs/inode.c: the ways to change i_nlink. A model's link count stays as it is while an inode is evicted. */
export const CHANGES_LINKS = /\b(clear|set|drop|inc)_nlink\s*\(|\bi_nlink\s*(=[^=]|--|\+\+|-=|\+=)/;

const EXIT = -1;
/** Rounds in which loops are opened; what is nested deeper leaves at the end. */
const MAX_LOOP_ROUNDS = 60;

interface Way {
  to: number;
  /** The steps of a choice that goes this way; none where control simply goes on. */
  readonly steps: readonly StepObject[];
  /** Some of the steps do more than name the condition: the way counts even where all lead to one place. */
  readonly acts: boolean;
}

export function lowerFlow(request: FlowRequest): Flow {
  const { body } = request;
  const envs = solve(request);
  const emitted: Step[][] = body.ir.steps.map(() => []);
  const ways: Way[][] = body.ir.steps.map(() => []);
  const choices = new StableChoices(request);
  envs.forEach((env, at) => {
    if (env === undefined) return;
    const step = body.ir.steps[at]!;
    for (const event of request.interpreter.callsOf(step, env, body, request.mode)) {
      const own = request.onCall(event, env);
      const inPlace = own.some((each) => typeof each !== "string" && "call" in each);
      const shared = request.shared?.stepsOf(event.call, inPlace);
      emitted[at]!.push(...(shared?.takes ?? []), ...own, ...(shared?.givesBack ?? []));
    }
    if (step.k === "return" || step.k === "nop")
      for (const call of step.leaves ?? []) emitted[at]!.push(...(request.shared?.leaves(call) ?? []));
    if (step.k === "return") emitted[at]!.push(...(request.onReturn?.(step.at) ?? []));
    const targets = new Set(request.interpreter.successors(step, env, body, request.mode).map(([to]) => to));
    for (const to of targets) ways[at]!.push(wayOf(request, step, to < 0 ? EXIT : to, targets.size, env, choices));
    if (ways[at]!.length === 0) ways[at]!.push({ to: EXIT, steps: [], acts: false });
  });
  const cutsLoop = openLoops(body.ir.entry, ways, emitted);
  const order = postorder(body.ir.entry, ways);
  const resolved = new Map<number, number>([[EXIT, EXIT]]);
  for (const at of order) {
    for (const way of ways[at]!) way.to = resolved.get(way.to) ?? EXIT;
    if (request.mergesChoices === true) ways[at] = merged(ways[at]!, ways, emitted);
    const different = new Set(ways[at]!.map(({ to }) => to));
    resolved.set(
      at,
      emitted[at]!.length > 0 || different.size > 1 || ways[at]!.some((way) => way.acts) ? at : [...different][0]!,
    );
  }
  const entry = resolved.get(body.ir.entry) ?? EXIT;
  const steps = write(entry, order, resolved, emitted, ways);
  const locals = [...choices.declarations(steps), ...(steps.length === 0 ? [] : (request.shared?.locals ?? []))];
  // A procedure's locals outlive its call: each call begins with nothing remembered.
  const forgets: Step[] =
    locals.length === 0
      ? []
      : [{ do: locals.map(({ name }) => `${name} = 0`).join("; "), label: `${body.name}() begins` }];
  return { steps: [...forgets, ...steps], locals, cutsLoop };
}

/** With the ways of the choices that it leads to in place of them. They have been merged before. */
function merged(from: readonly Way[], ways: readonly Way[][], emitted: readonly Step[][]): Way[] {
  if (from.length < 2 || !from.every(isFree)) return [...from];
  const found = new Map<number, Way>();
  for (const way of from) {
    const next = way.to === EXIT || emitted[way.to]!.length > 0 ? [] : ways[way.to]!;
    const isChoice = next.length > 1 && next.every(isFree);
    for (const each of isChoice ? next : [way]) if (!found.has(each.to)) found.set(each.to, { ...each });
  }
  return [...found.values()];
}

/** Nothing is tested and nothing happens on it. */
function isFree({ steps, acts }: Way): boolean {
  return !acts && steps.every((step) => step.do === "skip()");
}

/** What is known before each step that can run. */
function solve({ body, mode, interpreter, args, facts }: FlowRequest): (Env | undefined)[] {
  const { steps, entry } = body.ir;
  const envs: (Env | undefined)[] = new Array(steps.length).fill(undefined);
  envs[entry] = Env.of(interpreter.entryEnv(body, args), facts);
  const work = [entry];
  while (work.length > 0) {
    const at = work.pop()!;
    for (const [target, env] of interpreter.successors(steps[at]!, envs[at]!, body, mode)) {
      if (target < 0) continue;
      const before = envs[target];
      const after = before === undefined ? env : before.join(env);
      if (before !== undefined && after === before) continue;
      envs[target] = after;
      work.push(target);
    }
  }
  return envs;
}

function wayOf(
  request: FlowRequest,
  step: CodeStep,
  to: number,
  alternatives: number,
  env: Env,
  choices: StableChoices,
): Way {
  const { body, mode, interpreter } = request;
  if (step.k !== "branch") {
    if (alternatives < 2) return { to, steps: [], acts: false };
    const label = step.k === "switch" ? "switch" : "either way";
    return { to, steps: [{ do: "skip()", label }], acts: false };
  }
  const yes = to === step.yes || (to === EXIT && step.yes < 0);
  const extra = (request.onBranch?.(step, yes) ?? []).map(objectOf);
  const acts = extra.length > 0;
  if (alternatives < 2) return { to, steps: extra, acts };
  const source: SourceSpan = { file: body.file.path, line: positionIn(body, step.at).line };
  const label = wayLabel(body, step, yes);
  const test = linkTest(step.test, env, body, mode, interpreter);
  const said = yes ? test?.holds : test?.fails;
  if (said != null) return { to, steps: [{ do: `wait(${LINKS[said]})`, label, source }, ...extra], acts };
  const known = request.onTest?.(step) ?? request.shared?.testOf(step) ?? null;
  if (known !== null)
    return { to, steps: [{ do: `wait(${yes ? known : `!(${known})`})`, label, source }, ...extra], acts };
  const statement = choices.take(step, yes, env);
  return { to, steps: [{ do: statement, label, source }, ...extra], acts };
}

const LINKS = { zero: "inode.nlink == 0", nonzero: "inode.nlink > 0" } as const;

function objectOf(step: Step): StepObject {
  return typeof step === "string" ? { do: step } : step;
}

/** Remembers which way a test of a value that never changes went, so that the next test of it goes the same way. */
class StableChoices {
  readonly #request: FlowRequest;
  readonly #stable: ReturnType<typeof stableNames>;
  readonly #tested = new Map<string, number>();

  constructor(request: FlowRequest) {
    this.#request = request;
    this.#stable = stableNames(request.body);
    for (const step of request.body.ir.steps)
      if (step.k === "branch" && step.test.k === "id" && this.#stable.has(step.test.name))
        this.#tested.set(step.test.name, (this.#tested.get(step.test.name) ?? 0) + 1);
  }

  /** The statement of the step that goes one way. */
  take(step: CodeStep & { readonly k: "branch" }, yes: boolean, env: Env): string {
    if (step.test.k !== "id" || !this.#stable.has(step.test.name)) return "skip()";
    const { name } = step.test;
    const { body, mode, interpreter } = this.#request;
    const init = this.#stable.get(name);
    const test = init == null ? null : linkTest(init, env, body, mode, interpreter);
    const said = yes ? test?.holds : test?.fails;
    const conditions: string[] = said == null ? [] : [LINKS[said]];
    if ((this.#tested.get(name) ?? 0) < 2) return conditions.length === 0 ? "skip()" : `wait(${conditions[0]})`;
    const [mine, other] = yes ? [1, 2] : [2, 1];
    conditions.push(`${choiceName(name)} != ${other}`);
    return `wait(${conditions.join(" && ")}); ${choiceName(name)} = ${mine}`;
  }

  declarations(steps: readonly Step[]): LocalDeclaration[] {
    const text = JSON.stringify(steps);
    return [...this.#tested.keys()]
      .filter((name) => text.includes(`${choiceName(name)} `))
      .map((name) => ({ name: choiceName(name), type: "number", max: 2 }));
  }
}

/** 0: not tested yet, 1: it was true, 2: it was false. */
function choiceName(local: string): string {
  return `is_${local}`.slice(0, 60);
}

/**
 * Sends every edge that closes a loop to where the loop leaves instead. Returns whether such a loop has steps of the
 * model in it.
 */
function openLoops(entry: number, ways: Way[][], emitted: readonly Step[][]): boolean {
  let cut = false;
  for (let round = 0; round < MAX_LOOP_ROUNDS; round++) {
    const back = backEdge(entry, ways);
    if (back === null) return cut;
    const inside = loopOf(back, ways);
    cut ||= [...inside].some((at) => emitted[at]!.length > 0);
    const exits = new Set<number>();
    for (const at of inside) for (const way of ways[at]!) if (!inside.has(way.to)) exits.add(way.to);
    const targets = exits.size === 0 ? [EXIT] : [...exits];
    ways[back.from] = [
      ...ways[back.from]!.filter((way) => way.to !== back.to),
      ...targets.map((to): Way => ({ to, steps: [{ do: "skip()", label: "the loop ends" }], acts: false })),
    ];
  }
  for (let back = backEdge(entry, ways); back !== null; back = backEdge(entry, ways)) {
    cut = true;
    for (const way of ways[back.from]!) if (way.to === back.to) way.to = EXIT;
  }
  return cut;
}

interface Edge {
  readonly from: number;
  readonly to: number;
}

function backEdge(entry: number, ways: readonly Way[][]): Edge | null {
  const state = new Map<number, "open" | "done">();
  const stack: { at: number; next: number }[] = [{ at: entry, next: 0 }];
  state.set(entry, "open");
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    const way = ways[top.at]![top.next++];
    if (way === undefined) {
      state.set(top.at, "done");
      stack.pop();
      continue;
    }
    if (way.to === EXIT) continue;
    const seen = state.get(way.to);
    if (seen === "open") return { from: top.at, to: way.to };
    if (seen === undefined) {
      state.set(way.to, "open");
      stack.push({ at: way.to, next: 0 });
    }
  }
  return null;
}

/** The head of a loop and everything from which its closing edge can be reached without passing the head. */
function loopOf(back: Edge, ways: readonly Way[][]): Set<number> {
  const before = new Map<number, number[]>();
  ways.forEach((list, at) => {
    for (const { to } of list) before.set(to, [...(before.get(to) ?? []), at]);
  });
  const inside = new Set([back.to, back.from]);
  const work = back.from === back.to ? [] : [back.from];
  while (work.length > 0)
    for (const at of before.get(work.pop()!) ?? []) {
      if (inside.has(at)) continue;
      inside.add(at);
      work.push(at);
    }
  return inside;
}

function postorder(entry: number, ways: readonly Way[][]): number[] {
  const order: number[] = [];
  const seen = new Set<number>([entry]);
  const stack: { at: number; next: number }[] = [{ at: entry, next: 0 }];
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    const way = ways[top.at]![top.next++];
    if (way === undefined) {
      order.push(top.at);
      stack.pop();
    } else if (way.to !== EXIT && !seen.has(way.to)) {
      seen.add(way.to);
      stack.push({ at: way.to, next: 0 });
    }
  }
  return order;
}

function write(
  entry: number,
  order: readonly number[],
  resolved: ReadonlyMap<number, number>,
  emitted: readonly Step[][],
  ways: readonly Way[][],
): Step[] {
  if (entry === EXIT) return [];
  const wanted = new Set<number>();
  const work = [entry];
  while (work.length > 0) {
    const at = work.pop()!;
    if (at === EXIT || wanted.has(at)) continue;
    wanted.add(at);
    for (const { to } of ways[at]!) work.push(to);
  }
  const list = [...order].reverse().filter((at) => wanted.has(at) && resolved.get(at) === at);
  const steps: Step[] = [];
  list.forEach((at, i) => {
    const own = emitted[at]!.map(objectOf);
    const end = transition(ways[at]!, list[i + 1] ?? EXIT, i === list.length - 1);
    const all = [...own, ...end];
    // A `call` or `goto` takes no id: a step of its own would change the model, so the id goes to the first that can.
    if (all.length > 0) all[0] = { ...all[0]!, id: nodeId(at) };
    steps.push(...all);
  });
  return steps;
}

function nodeId(at: number): string {
  return `n${at}`;
}

function goTo(to: number): StepObject {
  return { goto: to === EXIT ? "return" : nodeId(to) };
}

function transition(ways: readonly Way[], next: number, last: boolean): StepObject[] {
  const byTarget = new Map<string, Way>();
  for (const way of ways) {
    const key = way.acts ? `${way.to}!` : String(way.to);
    if (!byTarget.has(key)) byTarget.set(key, way);
  }
  const different = [...byTarget.values()];
  if (different.length === 1) {
    const [{ to, steps }] = different as [Way];
    // Where every way leads to one place the labels of the choice tell nothing, but steps beside them may.
    const kept = ways.length === 1 && ways[0]!.acts ? steps : [];
    if ((to === next && !last) || (to === EXIT && last)) return [...kept];
    return [...kept, goTo(to)];
  }
  return [{ choose: different.map(({ to, steps }) => [...steps, goTo(to)]) }];
}
