/**
 * What struct an expression is (a pointer to), from declarations alone: parameters, locals, struct members, the return
 * types of functions, casts, container_of(). Enough to say which ops table a pointer call goes through; what it can't
 * tell is null, never a guess.
 */

import type { Body, FunctionBodies } from "../ir/function-bodies.ts";
import type { Expr, TypeName } from "../ir/ir.ts";
import { localsOf } from "../ir/locals.ts";
import { ExpressionLowering, unwrapDeclarator } from "../ir/lower-expression.ts";
import { type AstNode, childByField, copyTree } from "../syntax/ast.ts";
import type { SyntaxParser } from "../syntax/parser-port.ts";
import type { Lookup } from "./lookup.ts";
import type { Program } from "./program.ts";

export interface Member {
  readonly type: TypeName;
  readonly isFunctionPointer: boolean;
  /** Members of an unnamed struct type written in place. */
  readonly inline: ReadonlyMap<string, Member> | null;
}

type Members = ReadonlyMap<string, Member>;

/** A struct by tag, or written in place. */
export interface StructType {
  readonly tag: string | null;
  readonly members: Members | null;
}

/** Macros and builtins whose argument says the type of their value; the kernel's container_of family. */
const TYPE_FROM_ARGUMENT: Readonly<Record<string, number>> = {
  container_of: 1,
  container_of_const: 1,
  container_of_or_null: 1,
  list_entry: 1,
  list_first_entry: 1,
  list_first_entry_or_null: 1,
  list_last_entry: 1,
  hlist_entry: 1,
  hlist_entry_safe: 1,
  rb_entry: 1,
  rb_entry_safe: 1,
};
/** Macros whose value is their argument's: READ_ONCE(x) and friends. */
const VALUE_OF_ARGUMENT: Readonly<Record<string, number>> = {
  READ_ONCE: 0,
  rcu_dereference: 0,
  rcu_dereference_raw: 0,
  rcu_dereference_check: 0,
  rcu_dereference_protected: 0,
  rcu_access_pointer: 0,
  smp_load_acquire: 0,
  likely: 0,
  unlikely: 0,
  list_next_entry: 0,
};

const MAX_DEPTH = 12;

export class TypeResolver {
  readonly #program: Program;
  readonly #bodies: FunctionBodies;
  readonly #parser: SyntaxParser;
  readonly #lookup: Lookup;
  readonly #members = new Map<string, Members | null>();

  constructor(program: Program, bodies: FunctionBodies, parser: SyntaxParser, lookup: Lookup) {
    this.#program = program;
    this.#bodies = bodies;
    this.#parser = parser;
    this.#lookup = lookup;
  }

  /** Forgets the layouts of these structs: an edit changed them. */
  forget(tags: Iterable<string>): void {
    for (const tag of tags) this.#members.delete(tag);
  }

  /** The struct that `expr` is, or points to, in `body`; null when unknown. */
  structOf(expr: Expr, body: Body, depth = 0): StructType | null {
    if (depth > MAX_DEPTH) return null;
    switch (expr.k) {
      case "id": {
        const type = this.localType(expr.name, body);
        return type === null ? this.#structOfTable(expr.name, body) : this.#named(type);
      }
      case "field": {
        const member = this.memberOf(expr, body, depth);
        if (member === null) return null;
        if (member.inline !== null) return { tag: null, members: member.inline };
        return this.#named(member.type);
      }
      case "index":
        return this.structOf(expr.base, body, depth + 1);
      case "unary":
        return expr.op === "*" || expr.op === "&" || expr.op === "++" || expr.op === "--"
          ? this.structOf(expr.operand, body, depth + 1)
          : null;
      case "cast":
        return this.#named(expr.type);
      case "assign":
        return this.structOf(expr.left, body, depth + 1);
      case "cond":
        return this.structOf(expr.yes, body, depth + 1) ?? this.structOf(expr.no, body, depth + 1);
      case "call":
        return this.#structOfCall(expr, body, depth);
      case "init":
        return expr.struct === null ? null : this.#tagged(expr.struct);
      default:
        return null;
    }
  }

  /** The member that a field expression names; null when its struct is unknown or has no such member. */
  memberOf(expr: Expr & { k: "field" }, body: Body, depth = 0): Member | null {
    const base = this.structOf(expr.base, body, depth + 1);
    if (base === null) return null;
    const members = base.members ?? this.membersOf(base.tag!);
    return members?.get(expr.name) ?? null;
  }

  /** An initialised variable of the same file: `foo_ops.release(inode)` goes through foo_ops' type. */
  #structOfTable(name: string, body: Body): StructType | null {
    const { names, reads } = this.#program;
    reads?.readName("definition", name);
    const id = names.find(name);
    const table = body.file.skeleton.tables.find((span) => span.name === id);
    return table === undefined ? null : this.#tagged(names.text(table.struct));
  }

  #structOfCall(expr: Expr & { k: "call" }, body: Body, depth: number): StructType | null {
    if (expr.callee.k !== "id") return null;
    const { name } = expr.callee;
    const typeAt = TYPE_FROM_ARGUMENT[name];
    if (typeAt !== undefined) {
      const type = expr.args[typeAt];
      if (type?.k === "type") return this.#named(type.type);
      if (type?.k === "id") return this.#tagged(this.#program.structOfTypedef(type.name));
      return null;
    }
    const valueAt = VALUE_OF_ARGUMENT[name];
    if (valueAt !== undefined && expr.args[valueAt] !== undefined)
      return this.structOf(expr.args[valueAt], body, depth + 1);
    const target = this.#lookup.direct(name, body.file);
    if (target === null) return null;
    if (target.kind === "function") {
      this.#program.reads?.readText(target.function);
      const struct = this.#returnStruct(
        target.function.file.path,
        target.function.span.start,
        target.function.span.nameStart,
      );
      return struct === null ? null : this.#tagged(struct);
    }
    const macro = this.#bodies.ofMacro(target.macro);
    const last = macro?.ir.steps.find((step) => step.k === "return" && step.value !== null);
    return macro && last?.k === "return" && last.value !== null ? this.structOf(last.value, macro, depth + 1) : null;
  }

  #returnStruct(path: string, start: number, nameStart: number): string | null {
    const file = this.#program.files.get(path);
    if (file === undefined) return null;
    const head = this.#bodies.textOf(file, start, nameStart);
    const tagged = /\b(?:struct|union)\s+(\w+)[\s*]*$/.exec(head.replace(/\b__\w+\b(\([^)]*\))?/g, " "));
    if (tagged !== null) return tagged[1]!;
    const named = /(\w+)\s*\*[\s*]*$/.exec(head);
    return named === null ? null : this.#program.structOfTypedef(named[1]!);
  }

  #named(type: TypeName): StructType | null {
    if (type.struct === null) return null;
    return this.#tagged(type.isTypedef ? this.#program.structOfTypedef(type.struct) : type.struct);
  }

  #tagged(tag: string): StructType {
    return { tag, members: null };
  }

  /** The declared type of a parameter or local of `body`. */
  localType(name: string, body: Body): TypeName | null {
    return localsOf(body).get(name) ?? null;
  }

  /** The members of a struct, unnamed inner structs and unions flattened; null when the tree has no definition. */
  membersOf(tag: string): Members | null {
    this.#program.reads?.readName("struct", tag);
    let members = this.#members.get(tag);
    if (members === undefined) {
      members = null;
      for (const { file, span } of this.#program.structsNamed(tag)) {
        const text = this.#bodies.textOf(file, span.start, span.end);
        const found = this.#parseMembers(`${text.replace(/^\s*typedef\b/, "       ")};`);
        // A struct may be defined in several files (arches, tools): the richest definition knows most members.
        if (found !== null && (members === null || found.size > members.size)) members = found;
      }
      this.#members.set(tag, members);
    }
    return members;
  }

  #parseMembers(text: string): Members | null {
    if (text.length > 1 << 18) return null;
    const tree = this.#parser.parse(text);
    if (tree === null) return null;
    try {
      const { root } = copyTree(tree);
      const expressions = new ExpressionLowering(text, () => ({ k: "other", parts: [] }));
      const members = new Map<string, Member>();
      const list = findList(root);
      if (list === null) return null;
      collect(list, members, expressions);
      return members;
    } finally {
      tree.delete();
    }
  }
}

function findList(node: AstNode): AstNode | null {
  if (node.type === "field_declaration_list") return node;
  for (const child of node.children) {
    const found = findList(child);
    if (found !== null) return found;
  }
  return null;
}

function collect(list: AstNode, members: Map<string, Member>, expressions: ExpressionLowering): void {
  for (const child of list.children) {
    if (child.type === "field_declaration") {
      const typeNode = childByField(child, "type");
      const innerList = typeNode === undefined ? undefined : childByField(typeNode, "body");
      const declarators = child.children.filter((each) => each.field === "declarator");
      if (innerList !== undefined && declarators.length === 0) {
        collect(innerList, members, expressions);
        continue;
      }
      let inline: Map<string, Member> | null = null;
      if (innerList !== undefined && typeNode !== undefined) {
        inline = new Map();
        collect(innerList, inline, expressions);
      }
      const base = expressions.typeOf(typeNode);
      for (const declarator of declarators) {
        const { name, pointers } = unwrapDeclarator(declarator);
        if (name === undefined) continue;
        const isFunctionPointer = containsType(declarator, "function_declarator");
        members.set(expressions.textOf(name), {
          type: isFunctionPointer
            ? { struct: null, isTypedef: false, pointers: 1, scalar: null }
            : { ...base, pointers: base.pointers + pointers },
          isFunctionPointer,
          inline,
        });
      }
    } else if (child.type !== "field_declaration_list" && child.children.length > 0) {
      // Preprocessor arms, struct_group() and what error recovery left.
      collect(child, members, expressions);
    }
  }
}

function containsType(node: AstNode, type: string): boolean {
  return node.type === type || node.children.some((child) => containsType(child, type));
}
