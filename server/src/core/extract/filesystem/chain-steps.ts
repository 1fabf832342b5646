/** The chain of a finding as procedures of a model, one for each function: from the operation down to the effect. */
import type { Engine } from "../../analysis/effect-graph.ts";
import { Env } from "../../analysis/env.ts";
import type { CallEvent, CallExpr, Mode } from "../../analysis/interpreter.ts";
import { INODE } from "../../analysis/typestate.ts";
import type { Value } from "../../analysis/value.ts";
import type { Program } from "../../callgraph/program.ts";
import { type Body, positionIn } from "../../ir/function-bodies.ts";
import type { Procedure, SourceSpan, Step } from "../../race/model.ts";
import type { ChainLink } from "../../report/finding.ts";
import { shortened } from "./condition.ts";
import { lowerFlow, type SharedFlow } from "./flow.ts";
import { changesLinks } from "./link-changes.ts";

export interface ChainRequest {
  readonly engine: Engine;
  readonly program: Program;
  readonly mode: Mode;
  readonly chain: readonly ChainLink[];
  /** Name of the primitive that the chain ends in, where it is known. */
  readonly primitive: string | null;
  /** Parameters of the procedures beside `inode`. */
  readonly parameters?: readonly string[];
  /** What the chain's functions take and give back of what the threads share. */
  readonly shared?: ((body: Body) => SharedFlow | undefined) | undefined;
  /** The steps of the effect itself; the first takes the place and the words of the source. */
  readonly effect: (label: string, source: SourceSpan, call: CallExpr) => readonly Step[];
}

export interface ChainSteps {
  /** Each takes the parameter `inode`, and those asked for. The first is the operation's. */
  readonly procedures: readonly Procedure[];
  readonly assumptions: readonly string[];
}

/** What the model is told when the way to the effect could not be lowered: it must not say that anything holds. */
export interface ChainFailure {
  readonly reason: string;
}

const FACTS = Env.of([["#inode.i_sb", { k: "nonzero" }]]);

/** With the values that calls pass on; where those close the way (two calls of one function were taken for one), without. */
export function chainSteps(request: ChainRequest): ChainSteps | ChainFailure {
  const precise = lowerChain(request, true);
  return "reason" in precise ? lowerChain(request, false) : precise;
}

function lowerChain(request: ChainRequest, withValues: boolean): ChainSteps | ChainFailure {
  const { chain } = request;
  const bodies: Body[] = [];
  for (const link of chain) {
    const body = bodyOf(request, link);
    if (body === null) return { reason: `${link.function}() could not be read` };
    bodies.push(body);
  }
  const parameters = ["inode", ...(request.parameters ?? [])];
  const passed = Object.fromEntries(parameters.map((name) => [name, name]));
  const names = uniqueNames(chain.map((link) => link.function));
  const procedures: Procedure[] = [];
  const assumptions: string[] = [];
  let args: readonly Value[] = [INODE];
  let facts = FACTS;
  for (const [i, body] of bodies.entries()) {
    const link = chain[i]!;
    const isLast = i === chain.length - 1;
    const found: { args: readonly Value[]; env: Env }[] = [];
    const wanted = callFilter(request, body, link, isLast ? null : chain[i + 1]!);
    const flow = lowerFlow({
      body,
      mode: request.mode,
      interpreter: request.engine.interpreter,
      args,
      facts,
      onCall: (event, env) => {
        if (!wanted(event)) return [];
        found.push({ args: event.args, env });
        const source = { file: body.file.path, line: positionIn(body, event.call.at).line };
        const label = callText(body, event.call);
        if (isLast) return request.effect(label, source, event.call);
        return [
          { do: "skip()", label, source },
          { call: names[i + 1]!, with: passed },
        ];
      },
      shared: request.shared?.(body),
    });
    if (found.length === 0 || flow.steps.length === 0)
      return { reason: `no way to line ${link.line} of ${link.function}() was found` };
    if (flow.cutsLoop) assumptions.push(`the loop around ${link.file}:${link.line} in ${link.function}() runs once`);
    procedures.push({ name: names[i]!, parameters, locals: flow.locals, steps: flow.steps });
    if (!withValues) {
      args = [];
      continue;
    }
    args = joined(found.map((each) => each.args));
    // What is known of the inode's members holds in the callee too, when it holds at every call.
    facts = found.length === 1 ? Env.of([...found[0]!.env].filter(([name]) => name.startsWith("#"))) : FACTS;
  }
  assumptions.push(...changesLinks(request.engine, procedures, bodies));
  return { procedures, assumptions };
}

/** The functions in `{}` of a model are found by name and place; a macro is a function of its parameters. */
export function bodyOf({ engine, program }: Pick<ChainRequest, "engine" | "program">, link: ChainLink): Body | null {
  for (const fn of program.functionsNamed(link.function)) {
    if (fn.file.path !== link.file) continue;
    const body = engine.bodies.of(fn);
    if (body !== null && holdsLine(body, link.line)) return body;
  }
  for (const macro of program.macrosNamed(link.function)) {
    const body = macro.file.path === link.file ? engine.bodies.ofMacro(macro) : null;
    if (body !== null && holdsLine(body, link.line)) return body;
  }
  return null;
}

function holdsLine(body: Body, line: number): boolean {
  return line >= body.line && line <= positionIn(body, body.text.length).line;
}

function callFilter(
  { primitive }: ChainRequest,
  body: Body,
  link: ChainLink,
  next: ChainLink | null,
): (event: CallEvent) => boolean {
  const wantedName = next === null ? primitive : next.function;
  const onLine = (event: CallEvent): boolean => positionIn(body, event.call.at).line === link.line;
  const named = (event: CallEvent): boolean => nameOf(event.call) === wantedName;
  const calls = body.ir.steps.length;
  let anyNamed = false;
  if (wantedName !== null && calls > 0) anyNamed = textAround(body, link.line).includes(wantedName);
  return (event) => {
    if (!onLine(event)) return false;
    // Through a pointer or a scope (guard(mutex)(&lock)) the callee's name does not stand there.
    if (!anyNamed || link.via !== undefined) return true;
    return named(event);
  };
}

/** The line and the few that a statement may run on over. */
function textAround(body: Body, line: number): string {
  const lines = body.text.split("\n");
  return lines.slice(Math.max(0, line - body.line), line - body.line + 1).join("\n");
}

function nameOf(call: CallExpr): string | null {
  const { callee } = call;
  return callee.k === "id" || callee.k === "field" ? callee.name : null;
}

export function callText(body: Body, call: CallExpr): string {
  return shortened(body.text.slice(call.at, call.end));
}

function joined(lists: readonly (readonly Value[])[]): readonly Value[] {
  const [first] = lists;
  return lists.length === 1 && first !== undefined ? first : [];
}

/** Procedure names: a function that a chain comes through twice is two. */
export function uniqueNames(names: readonly string[]): string[] {
  const used = new Map<string, number>();
  return names.map((name) => {
    const times = (used.get(name) ?? 0) + 1;
    used.set(name, times);
    const short = name.slice(0, 50);
    return times === 1 ? `do_${short}` : `do_${short}_${times}`;
  });
}
