/**
 * Code walks an inode hash and uses what it finds without testing I_FREEING or I_WILL_FREE; or it is the match function of
 * find_inode_nowait(), which leaves that test to it (fs/inode.c find_inode_nowait()).
 */
import type { Engine } from "../analysis/effect-graph.ts";
import { Env } from "../analysis/env.ts";
import { MODES } from "../analysis/interpreter.ts";
import { filesystemId } from "../callgraph/filesystem.ts";
import type { FunctionRef, SourceFile } from "../callgraph/program.ts";
import { Remembered } from "../callgraph/reads.ts";
import type { Body } from "../ir/function-bodies.ts";
import type { Expr, Step } from "../ir/ir.ts";
import type { Draft, Rule, TreeFacts } from "./rule.ts";
import { callsIn, expressionsOf, partsOf } from "./walk-steps.ts";

const TESTED = new Set(["I_FREEING", "I_WILL_FREE"]);
/** Taking a reference without a test; igrab() tests by itself. */
const USES = new Set(["__iget", "ihold"]);
const NOWAIT = "find_inode_nowait";
const NOWAIT_MATCH_ARGUMENT = 2;
const HASH_MEMBER = /(^|_)hash$/;

export const lookupIgnoresFreeing: Rule = {
  id: "lookup-ignores-freeing",
  title: "Lookup ignores I_FREEING",
  description:
    "Code walks an inode hash, or matches for find_inode_nowait(), and uses what it finds without testing I_FREEING|I_WILL_FREE.",
  severity: "error",
  *checkTree(tree: TreeFacts): Iterable<Draft> {
    const [any] = tree.filesystems;
    if (any === undefined) return;
    const { engine, program } = any;
    const seen = new Set<FunctionRef>();
    // Which files walk is part of what can change about the program.
    engine.reads?.readText(program);
    for (const file of program.filesInOrder) {
      if (!file.walksInodes) continue;
      for (const { target, body, use } of USES_OF_FILES.get(engine.reads, file, () => usesIn(file, engine))) {
        if (seen.has(target)) continue;
        seen.add(target);
        if (use !== null) yield draft(body, use, any.contexts.contexts);
      }
    }
  },
};

interface Walked {
  readonly target: FunctionRef;
  readonly body: Body;
  /** A use without a test before it. */
  readonly use: (Expr & { k: "call" }) | null;
}

const USES_OF_FILES = new Remembered<SourceFile, readonly Walked[]>();
const USES_OF_FUNCTIONS = new Remembered<FunctionRef, readonly Walked[]>();

/** The functions of a file that walk a hash, and those that it hands to find_inode_nowait(). */
function usesIn(file: SourceFile, engine: Engine): Walked[] {
  engine.reads?.readText(file);
  return file.functions.flatMap((fn) => USES_OF_FUNCTIONS.get(engine.reads, fn, () => usesOf(fn, engine)));
}

function usesOf(fn: FunctionRef, engine: Engine): Walked[] {
  engine.reads?.readText(fn);
  const { file, span } = fn;
  const text = engine.bodies.textOf(file, span.body, span.end);
  const isWalk =
    /_hash\b/.test(text) && ([...USES].some((use) => text.includes(`${use}(`)) || text.includes("i_count"));
  const isNowait = text.includes(`${NOWAIT}(`);
  const body = isWalk || isNowait ? engine.bodies.of(fn) : null;
  if (body === null) return [];
  const targets =
    isWalk && walksHash(body)
      ? [fn]
      : isNowait
        ? matchFunctions(body, (name) => engine.lookup.functionValue(name, file))
        : [];
  return targets.flatMap((target) => {
    const walked = engine.bodies.of(target);
    return walked === null ? [] : [{ target, body: walked, use: untestedUse(walked, engine, 0) }];
  });
}

function draft(body: Body, use: Expr & { k: "call" }, contexts: Draft["contexts"]): Draft {
  const name = use.callee.k === "id" ? use.callee.name : "call";
  return {
    rule: "lookup-ignores-freeing",
    severity: "error",
    operation: { name: "lookup", body },
    at: use.at,
    end: use.end,
    first: name,
    chain: [{ body, at: use.at, via: null, guard: 0 }],
    ends: [{ body, at: use.at, what: `${name}() takes a reference to an inode that may be I_FREEING` }],
    message: `${body.name}() takes a reference to an inode of the hash without testing I_FREEING|I_WILL_FREE: it may be on its way out`,
    doubt: null,
    contexts,
    generic: filesystemId(body.file),
  };
}

function matchFunctions(body: Body, find: (name: string) => FunctionRef | null): FunctionRef[] {
  const found: FunctionRef[] = [];
  for (const call of callsOf(body)) {
    if (call.callee.k !== "id" || call.callee.name !== NOWAIT) continue;
    const match = call.args[NOWAIT_MATCH_ARGUMENT];
    const fn = match?.k === "id" ? find(match.name) : null;
    if (fn !== null) found.push(fn);
  }
  return found;
}

/** A list iteration over a member that links inodes into a hash: `hlist_for_each_entry(inode, head, i_hash)`. */
function walksHash(body: Body): boolean {
  return (
    callsOf(body).some(
      (call) =>
        call.callee.k === "id" &&
        /for_each/.test(call.callee.name) &&
        call.args.some((arg) => arg.k === "id" && HASH_MEMBER.test(arg.name)),
    ) || /for_each\w*\s*\([^;{]*\bi?_?\w*hash\s*\)/.test(body.text)
  );
}

const MAX_HELPERS = 3;

/**
 * A use that some feasible path from the function's start reaches without a test of I_FREEING on the way; in the
 * function itself or in a helper that it calls there.
 */
function untestedUse(body: Body, engine: Engine, depth: number): (Expr & { k: "call" }) | null {
  const { steps, entry } = body.ir;
  const { interpreter, lookup, bodies } = engine;
  const envs = new Map<number, Env>([[entry, Env.EMPTY]]);
  const work = [entry];
  while (work.length > 0) {
    const at = work.pop()!;
    const step = steps[at]!;
    for (const call of callsIn(step)) {
      if (takesReference(call)) return call;
      if (depth >= MAX_HELPERS || call.callee.k !== "id" || engine.knowledge.functions.has(call.callee.name)) continue;
      const target = lookup.direct(call.callee.name, body.file);
      // Only the file's own helpers: what generic code does is its own business.
      if (target?.kind !== "function" || target.function.file !== body.file || target.function === body.function)
        continue;
      const helper = bodies.of(target.function);
      if (helper !== null && untestedUse(helper, engine, depth + 1) !== null) return call;
    }
    if (mentions(step) || callsIn(step).some((call) => testsInHelper(call, body, engine))) continue;
    for (const [next, env] of interpreter.successors(step, envs.get(at)!, body, MODES.any)) {
      if (next < 0) continue;
      const before = envs.get(next);
      const joined = before === undefined ? env : before.join(env);
      if (before !== undefined && joined === before) continue;
      envs.set(next, joined);
      work.push(next);
    }
  }
  return null;
}

/** A macro, or a helper of the same file or of a header, that looks at the flags: `if (is_dying(inode))`. */
function testsInHelper(call: Expr & { k: "call" }, body: Body, engine: Engine, depth = 0): boolean {
  const target = call.callee.k === "id" ? engine.lookup.direct(call.callee.name, body.file) : null;
  if (target === null || depth >= MAX_HELPERS) return false;
  const file = target.kind === "function" ? target.function.file : target.macro.file;
  if (file !== body.file && !file.path.endsWith(".h")) return false;
  const helper = target.kind === "function" ? engine.bodies.of(target.function) : engine.bodies.ofMacro(target.macro);
  return (
    helper?.ir.steps.some(
      (step) => mentions(step) || callsIn(step).some((inner) => testsInHelper(inner, helper, engine, depth + 1)),
    ) ?? false
  );
}

/** __iget(inode), ihold(inode), atomic_inc(&inode->i_count). */
function takesReference(call: Expr & { k: "call" }): boolean {
  if (call.callee.k !== "id") return false;
  if (USES.has(call.callee.name)) return true;
  return (
    /^atomic_(fetch_)?(inc|add)/.test(call.callee.name) &&
    call.args.some(
      (arg) => arg.k === "unary" && arg.op === "&" && arg.operand.k === "field" && arg.operand.name === "i_count",
    )
  );
}

function callsOf(body: Body): (Expr & { k: "call" })[] {
  return body.ir.steps.flatMap(callsIn);
}

function mentions(step: Step): boolean {
  const visit = (expr: Expr): boolean => (expr.k === "id" && TESTED.has(expr.name)) || partsOf(expr).some(visit);
  return expressionsOf(step).some(visit);
}
