/**
 * A quick reader of plain functions: those that are C as everybody writes it, with nothing in them that takes the
 * kernel-c grammar to read (directives, annotations, assembler, types that only a table could tell from values). For
 * these it gives the tree that kernel-c gives, as far as the lowering looks at it, twenty times as fast; for everything
 * else null, and the parser reads it. test/kernel compares both on every function of a kernel.
 */
import type { Ast, AstNode } from "../ast.ts";
import { DECLARING, DeclarationReader } from "./declarations.ts";
import { DIRECTIVE, ELLIPSIS, END, NAME, QUALIFIER, STATEMENT_WORD, STORAGE } from "./tokens.ts";
import { type Draft, NOT_PLAIN } from "./types.ts";

const NONE: AstNode[] = [];
const SCOPE = /^(scoped_guard|scoped_cond_guard|rcu_read_lock_scope|sme_scope)$/;
const TAB = 8;

let reader: PlainReader | null = null;

/** The tree of a function definition that is the whole of `text`; null when it is not plain. */
export function readPlainFunction(text: string): Ast | null {
  reader ??= new PlainReader();
  return reader.read(text);
}

class PlainReader extends DeclarationReader {
  read(text: string): Ast | null {
    this.text = text;
    this.at = 0;
    this.depth = 0;
    if (!this.tokens.read(text)) return null;
    try {
      const definition = this.definition();
      if (this.kind() !== END) return null;
      return { root: this.inner("translation_unit", 0, [definition]), errors: 0 };
    } catch (error) {
      if (error === NOT_PLAIN) return null;
      throw error;
    } finally {
      this.text = "";
    }
  }

  private definition(): Draft {
    const start = this.start();
    while (this.kind() === STORAGE || this.kind() === QUALIFIER) this.at++;
    const type = this.typeSpecifier();
    while (this.kind() === STORAGE) this.at++;
    const declarator = this.functionDeclarator();
    declarator.field = "declarator";
    const body = this.block();
    body.field = "body";
    return this.inner("function_definition", start, [type, declarator, body]);
  }

  // --- statements -----------------------------------------------------------------------------------------------

  protected override block(): Draft {
    this.enter();
    const start = this.start();
    this.take(123);
    const items: AstNode[] = [];
    while (this.kind() !== 125) items.push(this.item());
    this.at++;
    this.depth--;
    return this.inner("compound_statement", start, items);
  }

  private item(): Draft {
    if (this.kind() === DIRECTIVE) return this.directive();
    return this.isDeclaration() ? this.declaration() : this.statement();
  }

  /** A directive between two items of a block; one in the middle of a construct is not plain. */
  private directive(): Draft {
    const start = this.start();
    const word = this.directiveWord();
    switch (word) {
      case "if":
      case "ifdef":
      case "ifndef":
        return this.conditionalItems(start, "preproc_if");
      case "else":
      case "elif":
      case "elifdef":
      case "elifndef":
      case "endif":
        throw NOT_PLAIN;
      default:
        this.at++;
        return this.inner("preproc_call", start, NONE);
    }
  }

  private directiveWord(): string {
    return /^#[ \t]*(\w*)/.exec(this.word())?.[1] ?? "";
  }

  /** The items of an arm and the arms behind it. */
  private conditionalItems(start: number, type: string): Draft {
    this.enter();
    this.at++;
    const items: AstNode[] = [];
    for (;;) {
      if (this.kind() === 125 || this.kind() === END) throw NOT_PLAIN;
      if (this.kind() === DIRECTIVE) {
        const word = this.directiveWord();
        if (word === "endif") {
          if (type === "preproc_if") this.at++;
          break;
        }
        if (/^el/.test(word)) {
          if (type === "preproc_else") throw NOT_PLAIN;
          const arm = this.conditionalItems(this.start(), word === "else" ? "preproc_else" : "preproc_elif");
          arm.field = "alternative";
          items.push(arm);
          // The arms inside each other end at one #endif, which the first takes.
          if (type === "preproc_if") this.at++;
          break;
        }
      }
      items.push(this.item());
    }
    this.depth--;
    return this.inner(type, start, items);
  }

  private statement(): Draft {
    this.enter();
    const result = this.readStatement();
    this.depth--;
    return result;
  }

  private readStatement(): Draft {
    const kind = this.kind();
    if (kind === 123) return this.block();
    if (kind === STATEMENT_WORD) return this.controlStatement();
    if (kind === NAME) {
      if (this.kind(1) === 58) return this.labelled();
      if (this.kind(1) === 40) return this.callStatement();
    }
    return this.expressionStatement();
  }

  private expressionStatement(): Draft {
    const start = this.start();
    const children: AstNode[] = this.kind() === 59 ? NONE : [this.expressions()];
    this.take(59);
    return this.inner("expression_statement", start, children);
  }

  private controlStatement(): Draft {
    const start = this.start();
    const word = this.word();
    switch (word) {
      case "if":
        return this.ifStatement(start);
      case "while": {
        this.at++;
        const condition = this.condition();
        const body = this.statement();
        body.field = "body";
        return this.inner("while_statement", start, [condition, body]);
      }
      case "do": {
        this.at++;
        const body = this.statement();
        body.field = "body";
        if (this.kind() !== STATEMENT_WORD || this.word() !== "while") throw NOT_PLAIN;
        this.at++;
        const condition = this.condition();
        this.take(59);
        return this.inner("do_statement", start, [body, condition]);
      }
      case "for":
        return this.forStatement(start);
      case "switch": {
        this.at++;
        const condition = this.condition();
        if (this.kind() !== 123) throw NOT_PLAIN;
        const body = this.block();
        body.field = "body";
        return this.inner("switch_statement", start, [condition, body]);
      }
      case "case":
      case "default":
        return this.caseStatement(start, word);
      case "return": {
        this.at++;
        const children: AstNode[] = this.kind() === 59 ? NONE : [this.expressions()];
        this.take(59);
        return this.inner("return_statement", start, children);
      }
      case "break":
      case "continue":
        this.at++;
        this.take(59);
        return this.inner(`${word}_statement`, start, NONE);
      case "goto": {
        this.at++;
        if (this.kind() !== NAME) throw NOT_PLAIN;
        const label = this.leaf("statement_identifier", "label");
        this.take(59);
        return this.inner("goto_statement", start, [label]);
      }
      default:
        throw NOT_PLAIN;
    }
  }

  private condition(): Draft {
    const condition = this.parentheses();
    condition.field = "condition";
    return condition;
  }

  private ifStatement(start: number): Draft {
    this.at++;
    const children: AstNode[] = [this.condition()];
    const consequence = this.statement();
    consequence.field = "consequence";
    children.push(consequence);
    if (this.kind() === STATEMENT_WORD && this.word() === "else") {
      const from = this.start();
      this.at++;
      const otherwise = this.statement();
      children.push({ ...this.inner("else_clause", from, [otherwise]), field: "alternative" });
    }
    return this.inner("if_statement", start, children);
  }

  private forStatement(start: number): Draft {
    this.at++;
    this.take(40);
    const children: AstNode[] = [];
    if (this.isDeclaration()) children.push({ ...this.declaration(), field: "initializer" });
    else {
      if (this.kind() !== 59) children.push({ ...this.expressions(), field: "initializer" });
      this.take(59);
    }
    if (this.kind() !== 59) children.push({ ...this.expressions(), field: "condition" });
    this.take(59);
    if (this.kind() !== 41) children.push({ ...this.expressions(), field: "update" });
    this.take(41);
    children.push({ ...this.statement(), field: "body" });
    return this.inner("for_statement", start, children);
  }

  private caseStatement(start: number, word: string): Draft {
    this.at++;
    const children: AstNode[] = [];
    if (word === "case") {
      children.push({ ...this.expression(), field: "value" });
      if (this.kind() === ELLIPSIS) {
        this.at++;
        children.push({ ...this.expression(), field: "end" });
      }
    }
    this.take(58);
    for (;;) {
      const kind = this.kind();
      if (kind === 125 || kind === DIRECTIVE) break;
      if (kind === STATEMENT_WORD && /^(case|default)$/.test(this.word())) break;
      children.push(this.item());
    }
    return this.inner("case_statement", start, children);
  }

  private labelled(): Draft {
    const start = this.start();
    const children: AstNode[] = [this.leaf("statement_identifier", "label")];
    this.at++;
    if (this.kind() !== 125 && this.kind() !== DIRECTIVE) {
      // What follows may itself be a case, whose statements the grammar gives to the label.
      if (this.kind() === STATEMENT_WORD && /^(case|default)$/.test(this.word())) throw NOT_PLAIN;
      children.push(this.item());
    }
    return this.inner("labeled_statement", start, children);
  }

  /** `name(...)` at the start of a statement: a call, or a macro that is a loop. */
  private callStatement(): Draft {
    const from = this.at;
    const start = this.start();
    const name = this.word();
    if (DECLARING.test(name)) return this.declaringMacro(start);
    const head = this.leaf("identifier");
    const list = this.argumentList();
    const next = this.kind();
    if (next === 123 || next === NAME || next === STATEMENT_WORD) {
      // Other macros have their semicolon inside.
      if (this.isAnnotation(name) || SCOPE.test(name) || this.kind(1) === 46) throw NOT_PLAIN;
      if (next !== 123 && !this.isIndented(from)) throw NOT_PLAIN;
      if (next === STATEMENT_WORD && this.word() === "else") throw NOT_PLAIN;
      head.field = "name";
      list.field = "arguments";
      const body = this.statement();
      body.field = "body";
      return this.inner("macro_iteration_statement", start, [head, list, body]);
    }
    this.at = from;
    return this.expressionStatement();
  }

  /** Whether the current token stands first in its line, further right than token `of`, which stands first in its own. */
  private isIndented(of: number): boolean {
    const outer = this.columnOf(this.tokens.starts[of]!);
    const inner = this.columnOf(this.start());
    return outer > 0 && inner > outer;
  }

  /** In columns of tabs; -1 when something stands before it. */
  private columnOf(offset: number): number {
    const lineStart = this.text.lastIndexOf("\n", offset - 1) + 1;
    let column = 0;
    for (let i = lineStart; i < offset; i++) {
      const c = this.text.charCodeAt(i);
      if (c === 9) column = (Math.floor(column / TAB) + 1) * TAB;
      else if (c === 32) column++;
      else return -1;
    }
    return column;
  }
}
