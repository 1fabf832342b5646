/** Where a call through a pointer can go, for one filesystem. */
import type { Body } from "../ir/function-bodies.ts";
import type { Expr } from "../ir/ir.ts";
import { type Filesystem, TABLE_STRUCT } from "./filesystem.ts";
import type { Lookup } from "./lookup.ts";
import type { BindingRef, FunctionRef, Program } from "./program.ts";
import type { TypeResolver } from "./types.ts";

export interface IndirectTargets {
  readonly functions: readonly FunctionRef[];
  /** The struct through which the call goes was not found: the targets are those of any struct with such a member. */
  readonly untyped: boolean;
  /** Some of them are assigned at run time, to one object among many. */
  readonly assigned: boolean;
}

const NO_TARGETS: IndirectTargets = { functions: [], untyped: false, assigned: false };
/** More possible targets than this say nothing about the call at hand. */
const MAX_TARGETS = 32;
/** So few tables of a struct in the whole tree: any of them can be meant (struct proc_ns_operations). */
const MAX_TABLES_AT_LARGE = 8;

export class IndirectCalls {
  readonly #program: Program;
  readonly #types: TypeResolver;
  readonly #lookup: Lookup;

  readonly #ownedByFilesystem: ReadonlySet<string>;

  /** `ownedByFilesystem`: structs whose tables are never another filesystem's (the knowledge base lists them). */
  constructor(program: Program, types: TypeResolver, lookup: Lookup, ownedByFilesystem: ReadonlySet<string>) {
    this.#ownedByFilesystem = ownedByFilesystem;
    this.#program = program;
    this.#types = types;
    this.#lookup = lookup;
  }

  /** Null when nothing that the tree registers fits: the call is unresolved. */
  targets(callee: Expr, body: Body, filesystem: Filesystem): IndirectTargets | null {
    let expr = callee;
    while (expr.k === "unary" && expr.op === "*") expr = expr.operand;
    if (expr.k === "index") expr = expr.base;
    if (expr.k !== "field") return null;
    const field = expr.name;
    const struct = this.#types.structOf(expr.base, body)?.tag ?? null;
    if (struct === TABLE_STRUCT) return this.#ofOwnTable(field, filesystem);
    const bindings = this.#program
      .bindingsOf(field)
      .filter((each) => each.struct === null || struct === null || each.struct === struct);
    const { functions, assigned } = this.#bound(bindings, struct, body, filesystem);
    if (functions.length === 0 || functions.length > MAX_TARGETS) return null;
    return { functions, untyped: struct === null, assigned };
  }

  #ofOwnTable(field: string, filesystem: Filesystem): IndirectTargets {
    if (filesystem.fact !== undefined) this.#program.reads?.read(filesystem.fact);
    const binding = filesystem.table.bindings.find((each) => each.field === field);
    const fn = binding === undefined ? null : this.#lookup.functionValue(binding.target, binding.file);
    // The caller tests the pointer: a method that the table leaves out is not called.
    return fn === null ? NO_TARGETS : { functions: [fn], untyped: false, assigned: false };
  }

  /**
   * What the filesystem itself registers, and what it refers to by table or function name; only when there is neither,
   * what is registered beside the caller (a subsystem's own callbacks), or the few that there are of the struct at all.
   */
  #bound(
    bindings: readonly BindingRef[],
    struct: string | null,
    body: Body,
    filesystem: Filesystem,
  ): { functions: FunctionRef[]; assigned: boolean } {
    const own = bindings.filter((each) => filesystem.owns(each.file) || filesystem.mentions(each.table ?? each.target));
    let chosen = own.length > 0 ? own : bindings.filter((each) => isBeside(each, body));
    if (chosen.length === 0 && struct !== null && !this.#ownedByFilesystem.has(struct)) {
      const tables = bindings.filter((each) => each.struct === struct);
      if (tables.length <= MAX_TABLES_AT_LARGE) chosen = tables;
    }
    const functions = new Set<FunctionRef>();
    let assigned = false;
    for (const each of chosen) {
      const fn = this.#lookup.functionValue(each.target, each.file);
      if (fn === null) continue;
      functions.add(fn);
      assigned ||= each.table === null;
    }
    return { functions: [...functions], assigned };
  }
}

/** In the caller's file, or in its folder when that folder is one subsystem's (not fs/ or mm/ themselves). */
function isBeside(binding: BindingRef, body: Body): boolean {
  if (binding.file === body.file) return true;
  return binding.file.directory === body.file.directory && body.file.directory.includes("/");
}
