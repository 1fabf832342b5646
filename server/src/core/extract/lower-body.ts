/** A function of the tree, with its helpers in place, as a fragment. */

import type { FunctionRef } from "../callgraph/program.ts";
import { positionIn } from "../ir/function-bodies.ts";
import type { Step, StepObject, VariableDeclaration } from "../race/model.ts";
import type { ExtractionFailure, Fragment, FragmentNeeds } from "./fragment.ts";
import type { LoweredNode } from "./lowered-step.ts";
import { Lowering } from "./lowering.ts";
import { LoweringLimit } from "./lowering-limit.ts";
import type { ExtractionTree, LowerRequest } from "./lowering-request.ts";
import type { Config, HeldLock } from "./lowering-state.ts";
import { UNKNOWN, type Value } from "./values.ts";

/** Names that mean something in the model language, or that a scenario declares. */
const RESERVED = [
  "none",
  "slot",
  "ino",
  "result",
  "true",
  "false",
  "on",
  "off",
  "free",
  "reserve",
  "disk",
  "sb",
  "tx",
  "lock",
];

/** Lowers `fn`. A failure says why there is no fragment; whatever else could not be lowered is among its assumptions. */
export function lowerFunction(
  tree: ExtractionTree,
  fn: FunctionRef,
  request: LowerRequest,
): { readonly fragment: Fragment } | { readonly failure: ExtractionFailure } {
  const name = request.name ?? fn.name;
  const body = tree.bodies.of(fn);
  if (body === null) return { failure: { name, reason: "its text cannot be parsed" } };
  const parameters: string[] = [];
  const reserved = new Set([...RESERVED, ...body.ir.parameters.map((each) => each.name)]);
  const { vocabulary } = request;
  for (const lock of vocabulary.data.locks) reserved.add(lock.name);
  const lowering = new Lowering(tree, request, reserved);
  const args = body.ir.parameters.map((parameter): Value => {
    const constant = request.constants?.[parameter.name];
    if (constant !== undefined) return { k: "number", value: constant };
    if (lowering.isInode(parameter.type.struct) && parameter.type.pointers > 0) {
      parameters.push(parameter.name);
      if (parameter.type.pointers > 1) return { k: "variable", frame: null, name: parameter.name };
      return { k: "slot", v: parameter.name, sure: true };
    }
    // The work item lies in what holds the inode.
    if (request.waitsFor !== undefined && /^(kthread_)?work(_struct)?$/.test(parameter.type.struct ?? "")) {
      parameters.push(parameter.name);
      return { k: "slot", v: parameter.name, sure: true };
    }
    const object = lowering.objectOf(parameter.type.struct);
    if (object !== null) return object;
    return parameter.type.pointers === 0 && /^(ino|hashval)$/.test(parameter.name) ? { k: "inode-number" } : UNKNOWN;
  });
  const { returns } = body.ir;
  if (lowering.isInode(returns.struct) && returns.pointers === 1) lowering.resultKind = "slot";
  else if (returns.pointers > 0 || (returns.scalar !== "void" && returns.scalar !== null))
    lowering.resultKind = "number";
  let first: number;
  try {
    lowering.heldBefore = (request.holds ?? []).flatMap((lock) => heldBy(args, lock));
    const start: Config = { frames: [], locks: lowering.heldBefore, rcu: 0 };
    first = lowering.run(lowering.enter(start, lowering.microOf(body), args, null, 0));
  } catch (error) {
    if (error instanceof LoweringLimit) return { failure: { name, reason: error.message } };
    throw error;
  }
  if (lowering.usesNumber) parameters.push("ino");
  if (lowering.resultKind !== null) parameters.push("result");
  const fragment: Fragment = {
    name,
    file: fn.file.path,
    line: positionIn(body, 0).line,
    procedure: { name, parameters, locals: [...lowering.locals.values()], steps: stepsOf(lowering.nodes, first) },
    result: lowering.resultKind,
    assumptions: lowering.assumptions,
    needs: needsOf(lowering),
    inlined: [...lowering.inlined],
    files: [...lowering.files],
    ...(lowering.queued.length === 0 ? {} : { queued: lowering.queued }),
  };
  return { fragment };
}

/** A spin lock of the inode that the function is given. */
function heldBy(args: readonly Value[], lock: string): HeldLock[] {
  const inode = args.find((arg) => arg.k === "slot");
  return inode?.k === "slot" ? [{ text: `${lock}[${inode.v}]`, spin: true, v: inode.v }] : [];
}

function needsOf(lowering: Lowering): FragmentNeeds {
  const { data } = lowering.request.vocabulary;
  const text = lowering.nodes.map((node) => `${node.do ?? ""} ${node.test ?? ""}`).join("\n");
  const variables = Object.values(data.sbFlags)
    .flat()
    .filter((name) => text.includes(name))
    .map((name): VariableDeclaration => ({ name, initial: 1, max: 1, group: "superblock" }));
  for (const name of lowering.counters) variables.push({ name, initial: 0, max: 3, group: "other" });
  for (const name of lowering.busyLists) variables.push({ name, initial: 0, max: 1, group: "other" });
  return {
    locks: data.locks.filter((lock) => lowering.locksUsed.has(lock.name)),
    variables,
    fields: (data.fields ?? []).filter(({ name }) => text.includes(`.${name}`)),
    procedures: [...lowering.procedures],
  };
}

// --- nodes to steps ---------------------------------------------------------------------------------------------------

const END = -1;
const idOf = (node: number): string => `s${node}`;

function stepsOf(nodes: readonly LoweredNode[], first: number): Step[] {
  const forward = shortcuts(nodes);
  const goTo = (target: number): Step => ({ goto: target === END ? "return" : idOf(target) });
  const start = forward(first);
  if (start === END) return [{ do: "skip()", label: "nothing" }];
  // In the order in which they are reached, so that the list reads like the code.
  const order: number[] = [];
  const seen = new Set<number>([END]);
  const stack = [start];
  while (stack.length > 0) {
    const at = stack.pop() as number;
    if (seen.has(at)) continue;
    seen.add(at);
    order.push(at);
    const targets = (nodes[at] as LoweredNode).targets.map(forward);
    for (const target of targets.toReversed()) if (!seen.has(target)) stack.push(target);
  }
  const steps: Step[] = [];
  for (const [index, at] of order.entries()) {
    const node = nodes[at] as LoweredNode;
    const common: StepObject = {
      id: idOf(at),
      label: node.label,
      ...(node.file === null ? {} : { source: { file: node.file, line: node.line } }),
    };
    const targets = node.targets.map(forward);
    if (node.isChoice) {
      const branches = [...new Set(targets)].map((target): Step[] => [
        { do: "skip()", label: node.label, ...(common.source === undefined ? {} : { source: common.source }) },
        goTo(target),
      ]);
      steps.push({ id: idOf(at), choose: branches });
      continue;
    }
    if (node.test !== undefined) {
      const [yes = END, no = END] = targets;
      steps.push({
        ...common,
        ...(node.do === undefined ? {} : { do: node.do }),
        if: node.test,
        then: [goTo(yes)],
        else: [goTo(no)],
      });
      continue;
    }
    if (node.call === undefined) steps.push({ ...common, do: node.do ?? "skip()" });
    else steps.push({ id: idOf(at), call: node.call.procedure, with: node.call.with });
    if (node.last === true) {
      // The run ends here. The locks held do not matter any more, so the step leads to itself.
      steps.push(goTo(at));
      continue;
    }
    const [next = END] = targets;
    if (order[index + 1] !== next) steps.push(goTo(next));
  }
  return steps;
}

const isNothing = (node: LoweredNode): boolean => node.do === "skip()" && node.call === undefined;

/** A test reads memory that may be free, unless it is of locals alone. */
const works = (node: LoweredNode): boolean =>
  node.do !== undefined || (node.test !== undefined && /[.([]/.test(node.test));

/** Choices that make no difference, and steps that do nothing, are left out. */
function shortcuts(nodes: readonly LoweredNode[]): (node: number) => number {
  const to = new Map<number, number>();
  const resolve = (node: number): number => {
    let at = node;
    for (let hops = 0; to.has(at) && hops < nodes.length; hops++) at = to.get(at) as number;
    return at;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of nodes) {
      if (to.has(node.id)) continue;
      const targets = [...new Set(node.targets.map(resolve))].filter((target) => target !== node.id || !node.isChoice);
      const [only] = targets;
      const isIdle = node.isChoice || node.test !== undefined ? targets.length === 1 && !works(node) : isNothing(node);
      if (!isIdle || only === undefined || only === node.id) continue;
      to.set(node.id, only);
      changed = true;
    }
  }
  return resolve;
}
