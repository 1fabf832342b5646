/** A function definition's syntax tree to its control-flow graph. */
import { type Ast, type AstNode, childByField } from "../syntax/ast.ts";
import type { CallExpr, Expr, FunctionIr, Guard, Leaves, Parameter, Step, SwitchCase, TypeName } from "./ir.ts";
import { CLEANUP, guardOf, UNKNOWN_TYPE } from "./ir.ts";
import { declaresFunction, ExpressionLowering, unwrapDeclarator } from "./lower-expression.ts";

const NONE = -1;
/** A function with more steps than this is cut there; its IR counts as having a parse error. */
const MAX_STEPS = 200_000;

interface LoopTargets {
  readonly breakTo: number;
  readonly continueTo: number;
  /** Scopes that were open around it. */
  readonly depth: number;
}

/**
 * Lowers the first function definition of the tree (`text` is what was parsed). Null when there is none.
 * Loops keep their back edges; both arms of a preprocessor conditional are possible; a `goto` to a label that is not
 * there ends the function.
 */
export function lowerFunction(name: string, ast: Ast, text: string): FunctionIr | null {
  const definition = findDefinition(ast.root);
  if (definition === null) return null;
  return new FunctionLowering(name, text, ast.errors).run(definition);
}

function findDefinition(node: AstNode): AstNode | null {
  if (node.type === "function_definition") return node;
  for (const child of node.children) {
    const found = findDefinition(child);
    if (found !== null) return found;
  }
  return null;
}

class FunctionLowering {
  readonly #name: string;
  readonly #errors: number;
  readonly #expressions: ExpressionLowering;
  readonly #steps: Step[] = [];
  readonly #guards: Guard[] = [{ test: { k: "num", value: 1 }, holds: true, parent: 0, start: 0, end: 0 }];
  readonly #labels = new Map<string, { readonly target: number; readonly held: readonly CallExpr[] }>();
  /** Guards of the scopes around here, innermost last. */
  readonly #held: CallExpr[] = [];
  readonly #loops: LoopTargets[] = [];
  readonly #switches: SwitchCase[][] = [];
  #guard = 0;
  /** The step that control comes from; NONE when nothing falls through to here. */
  #last = NONE;
  #cut = false;

  constructor(name: string, text: string, errors: number) {
    this.#name = name;
    this.#errors = errors;
    this.#expressions = new ExpressionLowering(text, (block) => this.statementExpression(block));
  }

  run(definition: AstNode): FunctionIr {
    const entry = this.place({ k: "nop", next: NONE, guard: 0 });
    const declarator = childByField(definition, "declarator");
    const list = declarator === undefined ? undefined : findParameters(declarator);
    const parameters = (list?.children ?? [])
      .filter((child) => child.type === "parameter_declaration" || child.type === "identifier")
      .map((child) => this.parameter(child));
    const base = this.#expressions.typeOf(childByField(definition, "type"));
    const stars = declarator === undefined ? 0 : leadingStars(declarator);
    const body = childByField(definition, "body");
    if (body !== undefined) this.statement(body);
    this.fallInto(this.append({ k: "return", value: null, at: definition.end - 1, guard: 0 }));
    this.resolveLabels();
    return {
      name: this.#name,
      parameters,
      returns: { ...base, pointers: base.pointers + stars },
      entry,
      steps: this.#steps,
      guards: this.#guards,
      parseErrors: this.#errors + (this.#cut ? 1 : 0),
    };
  }

  private parameter(node: AstNode): Parameter {
    if (node.type === "identifier") return { name: this.#expressions.textOf(node), type: UNKNOWN_TYPE };
    const base = this.#expressions.typeOf(childByField(node, "type"));
    const declarator = childByField(node, "declarator");
    if (declarator === undefined) return { name: "", type: base };
    const { name, pointers } = unwrapDeclarator(declarator);
    return {
      name: name === undefined ? "" : this.#expressions.textOf(name),
      type: { ...base, pointers: base.pointers + pointers },
    };
  }

  // --- graph construction -------------------------------------------------------------------------------------

  private append(step: Step): number {
    if (this.#steps.length >= MAX_STEPS) this.#cut = true;
    this.#steps.push(step);
    return this.#steps.length - 1;
  }

  /** Control that arrived here goes on in `target`. */
  private fallInto(target: number): void {
    if (this.#last !== NONE) this.link(this.#last, target);
    this.#last = NONE;
  }

  private link(from: number, target: number): void {
    const step = this.#steps[from]!;
    if (step.k === "eval" || step.k === "declare" || step.k === "nop") {
      if (step.next === NONE) step.next = target;
    } else if (step.k === "either") step.targets.push(target);
  }

  private place(step: Step): number {
    const at = this.append(step);
    this.fallInto(at);
    this.#last = at;
    return at;
  }

  private nop(): number {
    return this.append({ k: "nop", next: NONE, guard: this.#guard });
  }

  private evaluate(expr: Expr): void {
    if (expr.k === "call" && expr.callee.k === "id" && expr.callee.name === "return_ptr") {
      const value: Expr = { ...expr, callee: { ...expr.callee, name: "no_free_ptr" } };
      this.fallInto(this.append({ k: "return", value, at: expr.at, guard: this.#guard, ...this.leaves(0) }));
      return;
    }
    this.place({ k: "eval", expr, next: NONE, guard: this.#guard });
    const guard = guardOf(expr);
    if (guard !== null && !guard.isStatement) this.#held.push(expr as CallExpr);
  }

  /** What is given back on the way out of all scopes but the outer `depth`. */
  private leaves(depth: number): { leaves?: Leaves } {
    return this.#held.length <= depth ? {} : { leaves: this.#held.slice(depth).reverse() };
  }

  private endScopes(depth: number): void {
    if (this.#last !== NONE && this.#held.length > depth)
      this.place({ k: "nop", next: NONE, guard: this.#guard, ...this.leaves(depth) });
    this.#held.length = Math.min(this.#held.length, depth);
  }

  private leaveTo(target: number, depth: number): void {
    if (this.#last !== NONE && this.#held.length > depth)
      this.place({ k: "nop", next: NONE, guard: this.#guard, ...this.leaves(depth) });
    this.fallInto(target);
  }

  private pushGuard(test: Expr, holds: boolean, node: AstNode): number {
    this.#guards.push({ test, holds, parent: this.#guard, start: node.start, end: node.end });
    return this.#guards.length - 1;
  }

  // --- statements ---------------------------------------------------------------------------------------------

  private statement(node: AstNode): void {
    if (this.#cut) return;
    switch (node.type) {
      case "compound_statement": {
        const outer = this.#guard;
        const depth = this.#held.length;
        const { children } = node;
        // By number: an iterator makes an object for each turn until the engine has compiled the loop, and these are many.
        for (let i = 0; i < children.length; i++) this.statement(children[i]!);
        this.endScopes(depth);
        this.#guard = outer;
        return;
      }
      case "expression_statement":
        for (let i = 0; i < node.children.length; i++) this.evaluate(this.#expressions.lower(node.children[i]));
        return;
      case "declaration":
        this.declaration(node);
        return;
      case "if_statement":
        this.ifStatement(node);
        return;
      case "else_clause":
      case "attributed_statement":
        for (const child of node.children) this.statement(child);
        return;
      case "while_statement":
        this.loop(node, childByField(node, "condition"), undefined);
        return;
      case "for_statement": {
        const initializer = childByField(node, "initializer");
        if (initializer?.type === "declaration") this.declaration(initializer);
        else if (initializer !== undefined) this.evaluate(this.#expressions.lower(initializer));
        this.loop(node, childByField(node, "condition"), childByField(node, "update"));
        return;
      }
      case "do_statement":
        this.doStatement(node);
        return;
      case "switch_statement":
        this.switchStatement(node);
        return;
      case "case_statement":
        this.caseStatement(node);
        return;
      case "labeled_statement":
        this.label(node);
        return;
      case "return_statement": {
        const value = node.children[0];
        const expr = value === undefined ? null : this.#expressions.lower(value);
        this.fallInto(this.append({ k: "return", value: expr, at: node.start, guard: this.#guard, ...this.leaves(0) }));
        return;
      }
      case "goto_statement": {
        const label = childByField(node, "label");
        this.jump(label === undefined ? "" : this.#expressions.textOf(label));
        return;
      }
      case "break_statement": {
        const loop = this.#loops[this.#loops.length - 1];
        this.leaveTo(loop?.breakTo ?? this.nop(), loop?.depth ?? 0);
        return;
      }
      case "continue_statement": {
        const loop = this.#loops.findLast((each) => each.continueTo !== NONE);
        this.leaveTo(loop?.continueTo ?? this.nop(), loop?.depth ?? 0);
        return;
      }
      case "preproc_if":
      case "preproc_ifdef":
      case "preproc_else":
      case "preproc_elif":
      case "preproc_elifdef":
        this.conditional(node);
        return;
      case "preproc_def":
      case "preproc_function_def":
      case "preproc_call":
      case "preproc_include":
      case "preproc_fragment":
      case "type_definition":
      case "function_definition":
        return;
      default:
        this.otherStatement(node);
    }
  }

  /** Statements that the grammar knows beyond C's own, and what error recovery left. */
  private otherStatement(node: AstNode): void {
    const body = childByField(node, "body");
    if (body !== undefined) {
      const heads = node.children.filter((child) => child !== body);
      for (const child of heads) this.evaluate(this.#expressions.lower(child));
      if (/iteration|for_each|loop/.test(node.type)) this.repeat(body);
      else this.scoped(body, heads);
      return;
    }
    if (node.type === "ERROR" || node.children.some((child) => child.type.endsWith("_statement"))) {
      for (const child of node.children) this.statement(child);
      return;
    }
    this.evaluate(this.#expressions.lower(node));
  }

  /**
   * The body of scoped_guard() is that of a loop that runs once: `break` and `continue` leave it. scoped_cond_guard() has
   * the statement for when there is nothing to be had as its second argument.
   */
  private scoped(body: AstNode, heads: readonly AstNode[]): void {
    const last = this.#steps[this.#last];
    const guard = last?.k === "eval" ? guardOf(last.expr) : null;
    if (guard === null || last?.k !== "eval" || !guard.isStatement) {
      this.statement(body);
      return;
    }
    const depth = this.#held.length;
    const exit = this.nop();
    this.#loops.push({ breakTo: exit, continueTo: exit, depth });
    const fork = guard.isConditional ? this.append({ k: "either", targets: [], guard: this.#guard }) : NONE;
    if (fork !== NONE) {
      this.fallInto(fork);
      this.#last = this.armOf(fork);
    }
    this.#held.push(last.expr as CallExpr);
    this.statement(body);
    this.endScopes(depth);
    this.fallInto(exit);
    if (fork !== NONE) {
      this.#last = this.armOf(fork);
      const instead = heads.map((head) => insteadOf(head)).find((each) => each !== undefined);
      if (instead !== undefined) this.statement(instead);
      this.fallInto(exit);
    }
    this.#loops.pop();
    this.#last = exit;
  }

  private armOf(fork: number): number {
    const arm = this.nop();
    this.link(fork, arm);
    return arm;
  }

  private declaration(node: AstNode): void {
    const base = this.#expressions.typeOf(childByField(node, "type"));
    for (const child of node.children) {
      // A function that is declared inside another is no variable that could be called through.
      if (child.field !== "declarator" || declaresFunction(child)) continue;
      const value = childByField(child, "value");
      const { name, pointers } = unwrapDeclarator(child);
      if (name === undefined) continue;
      const type: TypeName = { ...base, pointers: base.pointers + pointers };
      const init = value === undefined ? null : this.#expressions.lower(value);
      const declared = init?.k === "init" && init.struct === null ? { ...init, struct: base.struct } : init;
      this.place({
        k: "declare",
        name: this.#expressions.textOf(name),
        type,
        init: declared,
        next: NONE,
        guard: this.#guard,
      });
      this.cleanUp(node, child, value, name);
    }
    // A macro that stands for a declaration, or an initialiser that the grammar hangs elsewhere.
    if (!node.children.some((child) => child.field === "declarator"))
      for (const child of node.children)
        if (child.type === "call_expression" || child.type.includes("macro"))
          this.evaluate(this.#expressions.lower(child));
  }

  /** `struct foo *p __free(name) = value`: the parsers see no node in the annotation. */
  private cleanUp(node: AstNode, declarator: AstNode, value: AstNode | undefined, variable: AstNode): void {
    const end = value?.start ?? (node.children.at(-1) === declarator ? node.end : declarator.end);
    const text = this.#expressions.textBetween(declarator.start, end);
    const name = CLEANUP_CLASS.exec(text)?.[1];
    if (name === undefined) return;
    const at = declarator.start;
    const id = (of: string): Expr => ({ k: "id", name: of, at });
    const callee: Expr = { k: "call", callee: id(CLEANUP), args: [id(name)], at, end };
    this.#held.push({ k: "call", callee, args: [id(this.#expressions.textOf(variable))], at, end });
  }

  /** Branches on a condition, one branch step for each operand of && and ||. Returns the open ends. */
  private condition(test: Expr, at: number, whole: Expr = test, sense = true): { yes: number[]; no: number[] } {
    if (test.k === "unary" && test.op === "!") {
      const { yes, no } = this.condition(test.operand, at, whole, !sense);
      return { yes: no, no: yes };
    }
    if (
      test.k === "call" &&
      test.callee.k === "id" &&
      /^_*(un)?likely$/.test(test.callee.name) &&
      test.args.length === 1
    )
      return this.condition(test.args[0]!, at, whole, sense);
    if (test.k === "binary" && (test.op === "&&" || test.op === "||")) {
      const left = this.condition(test.left, at, whole, sense);
      const middle = this.nop();
      for (const end of test.op === "&&" ? left.yes : left.no) this.link(end, middle);
      this.#last = middle;
      const right = this.condition(test.right, at, whole, sense);
      return test.op === "&&"
        ? { yes: right.yes, no: [...left.no, ...right.no] }
        : { yes: [...left.yes, ...right.yes], no: right.no };
    }
    const yes = this.nop();
    const no = this.nop();
    this.fallInto(this.append({ k: "branch", test, whole, sense, yes, no, guard: this.#guard, at }));
    return { yes: [yes], no: [no] };
  }

  private join(ends: readonly number[]): void {
    if (ends.length === 0) {
      this.#last = NONE;
      return;
    }
    const joined = this.nop();
    for (let i = 0; i < ends.length; i++) this.link(ends[i]!, joined);
    this.#last = joined;
  }

  private ifStatement(node: AstNode): void {
    const conditionNode = childByField(node, "condition") ?? node;
    const test = this.#expressions.lower(childByField(node, "condition"));
    const outer = this.#guard;
    const { yes, no } = this.condition(test, conditionNode.start);
    const whenTrue = this.pushGuard(test, true, conditionNode);
    const whenFalse = this.pushGuard(test, false, conditionNode);
    this.join(yes);
    this.#guard = whenTrue;
    const consequence = childByField(node, "consequence");
    if (consequence !== undefined) this.statement(consequence);
    const afterYes = this.#last;
    this.join(no);
    this.#guard = whenFalse;
    const alternative = childByField(node, "alternative");
    if (alternative !== undefined) this.statement(alternative);
    const afterNo = this.#last;
    // After `if (c) return;` the rest of the block runs only when c fails.
    this.#guard =
      afterYes === NONE && afterNo !== NONE ? whenFalse : afterNo === NONE && afterYes !== NONE ? whenTrue : outer;
    if (afterYes !== NONE && afterNo !== NONE) this.join([afterYes, afterNo]);
    else this.#last = afterYes !== NONE ? afterYes : afterNo;
  }

  private loop(node: AstNode, conditionNode: AstNode | undefined, update: AstNode | undefined): void {
    const head = this.nop();
    this.fallInto(head);
    this.#last = head;
    const outer = this.#guard;
    const exit = this.nop();
    const again = this.nop();
    if (conditionNode !== undefined) {
      const test = this.#expressions.lower(conditionNode);
      const { yes, no } = this.condition(test, conditionNode.start);
      for (const end of no) this.link(end, exit);
      this.join(yes);
      this.#guard = this.pushGuard(test, true, conditionNode);
    }
    this.#loops.push({ breakTo: exit, continueTo: again, depth: this.#held.length });
    const body = childByField(node, "body");
    if (body !== undefined) this.statement(body);
    this.#loops.pop();
    this.fallInto(again);
    this.#last = again;
    if (update !== undefined) this.evaluate(this.#expressions.lower(update));
    this.fallInto(head);
    this.#guard = outer;
    this.#last = exit;
  }

  private repeat(body: AstNode): void {
    const head = this.append({ k: "either", targets: [], guard: this.#guard });
    this.fallInto(head);
    const first = this.nop();
    const exit = this.nop();
    this.link(head, first);
    this.link(head, exit);
    this.#last = first;
    const outer = this.#guard;
    this.#loops.push({ breakTo: exit, continueTo: head, depth: this.#held.length });
    this.statement(body);
    this.#loops.pop();
    this.fallInto(head);
    this.#guard = outer;
    this.#last = exit;
  }

  private doStatement(node: AstNode): void {
    const head = this.nop();
    this.fallInto(head);
    this.#last = head;
    const outer = this.#guard;
    const exit = this.nop();
    const again = this.nop();
    this.#loops.push({ breakTo: exit, continueTo: again, depth: this.#held.length });
    const body = childByField(node, "body");
    if (body !== undefined) this.statement(body);
    this.#loops.pop();
    this.fallInto(again);
    this.#last = again;
    const conditionNode = childByField(node, "condition");
    this.#guard = outer;
    const test = this.#expressions.lower(conditionNode);
    if (test.k === "num" && test.value === 0) {
      this.fallInto(exit);
    } else {
      const { yes, no } = this.condition(test, conditionNode?.start ?? node.start);
      for (const end of yes) this.link(end, head);
      for (const end of no) this.link(end, exit);
    }
    this.#last = exit;
  }

  private switchStatement(node: AstNode): void {
    const conditionNode = childByField(node, "condition");
    const cases: SwitchCase[] = [];
    const value = this.#expressions.lower(conditionNode);
    this.fallInto(this.append({ k: "switch", value, cases, guard: this.#guard }));
    const exit = this.nop();
    this.#loops.push({ breakTo: exit, continueTo: NONE, depth: this.#held.length });
    this.#switches.push(cases);
    const body = childByField(node, "body");
    if (body !== undefined) this.statement(body);
    this.#switches.pop();
    this.#loops.pop();
    this.fallInto(exit);
    if (!cases.some((each) => each.value === null)) cases.push({ value: null, target: exit });
    this.#last = exit;
  }

  private caseStatement(node: AstNode): void {
    const valueNode = childByField(node, "value");
    const target = this.nop();
    this.#switches[this.#switches.length - 1]?.push({
      value: valueNode === undefined ? null : this.#expressions.lower(valueNode),
      target,
    });
    this.fallInto(target);
    this.#last = target;
    for (const child of node.children) if (child !== valueNode) this.statement(child);
  }

  private label(node: AstNode): void {
    const name = childByField(node, "label");
    const target = this.nop();
    if (name !== undefined) this.#labels.set(this.#expressions.textOf(name), { target, held: [...this.#held] });
    this.fallInto(target);
    this.#last = target;
    // Whatever guarded the code above does not guard what is jumped to.
    this.#guard = 0;
    for (const child of node.children) if (child !== name) this.statement(child);
  }

  readonly #gotos: { readonly from: number; readonly label: string; readonly held: readonly CallExpr[] }[] = [];

  private jump(label: string): void {
    const step = this.nop();
    this.fallInto(step);
    this.#gotos.push({ from: step, label, held: [...this.#held] });
  }

  private resolveLabels(): void {
    for (const { from, label, held } of this.#gotos) {
      const found = this.#labels.get(label);
      const target = found?.target ?? this.append({ k: "return", value: null, at: 0, guard: 0 });
      const left = held.filter((each) => found?.held.includes(each) !== true).reverse();
      const step = this.#steps[from];
      if (left.length > 0 && step?.k === "nop") step.leaves = left;
      this.link(from, target);
    }
  }

  /** #if ... #else ... #endif among statements: any arm can be the one that is compiled. */
  private conditional(node: AstNode): void {
    const fork = this.append({ k: "either", targets: [], guard: this.#guard });
    this.fallInto(fork);
    const ends: number[] = [];
    const startArm = (): void => {
      this.#last = this.armOf(fork);
    };
    const outer = this.#guard;
    startArm();
    let alternative: AstNode | undefined;
    for (const child of node.children) {
      if (child.field === "alternative") alternative = child;
      else if (child.field !== "condition" && child.field !== "name") this.statement(child);
    }
    if (this.#last !== NONE) ends.push(this.#last);
    this.#guard = outer;
    startArm();
    if (alternative !== undefined) {
      if (alternative.type === "preproc_else") for (const child of alternative.children) this.statement(child);
      else this.conditional(alternative);
    }
    if (this.#last !== NONE) ends.push(this.#last);
    this.#guard = outer;
    this.join(ends);
  }

  private statementExpression(block: AstNode): Expr {
    const outer = this.#guard;
    const last = block.children[block.children.length - 1];
    for (const child of block.children) if (child !== last) this.statement(child);
    let value: Expr = { k: "other", parts: [] };
    if (last?.type === "expression_statement" && last.children.length === 1)
      value = this.#expressions.lower(last.children[0]);
    else if (last !== undefined) this.statement(last);
    this.#guard = outer;
    return value;
  }
}

const CLEANUP_CLASS = /\b__free\s*\(\s*(\w+)\s*\)/;

/** The second argument of scoped_cond_guard(). */
function insteadOf(head: AstNode): AstNode | undefined {
  const list = head.type === "argument_list" ? head : childByField(head, "arguments");
  return list?.children[1];
}

function findParameters(declarator: AstNode): AstNode | undefined {
  if (declarator.type === "parameter_list") return declarator;
  const own = childByField(declarator, "parameters");
  const inner = childByField(declarator, "declarator");
  // The innermost function declarator is the function's own: `int (*f(int a))(char)`.
  return (inner === undefined ? undefined : findParameters(inner)) ?? own;
}

function leadingStars(declarator: AstNode): number {
  let stars = 0;
  for (
    let node: AstNode | undefined = declarator;
    node?.type === "pointer_declarator";
    node = childByField(node, "declarator")
  )
    stars++;
  return stars;
}
