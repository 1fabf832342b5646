/** Declarations and declarators of plain C, as nodes of the kernel-c grammar. */
import type { AstNode } from "../ast.ts";
import { ExpressionReader } from "./expressions.ts";
import { ELLIPSIS, NAME, QUALIFIER, SIZE_WORD, STORAGE, TAG_WORD, TYPE_WORD } from "./tokens.ts";
import { type Draft, NOT_PLAIN } from "./types.ts";

const NONE: AstNode[] = [];
/** declares_by_name() of the grammar's scanner: macros that declare variables. */
export const DECLARING = /^(DEFINE_|DECLARE_|(H|P|L)?LIST_HEAD$|BIO_EMPTY_LIST$)/;
const CAPITALS = /^[A-Z0-9_]{2,}$/;

export class DeclarationReader extends ExpressionReader {
  protected functionDeclarator(): Draft {
    const start = this.start();
    if (this.kind() === 42) {
      this.at++;
      this.skipQualifiers();
      const inner = this.functionDeclarator();
      inner.field = "declarator";
      return this.inner("pointer_declarator", start, [inner]);
    }
    while (this.kind() === NAME && this.kind(1) === NAME && this.isAnnotation(this.word())) this.at++;
    if (this.kind() !== NAME) throw NOT_PLAIN;
    const name = this.leaf("identifier", "declarator");
    const parameters = this.parameterList();
    parameters.field = "parameters";
    this.skipTrailingAnnotations();
    return this.inner("function_declarator", start, [name, parameters]);
  }

  /** __releases(&lock), __maybe_unused, SOME_MACRO behind what is declared. */
  private skipTrailingAnnotations(): void {
    while (this.kind() === NAME) {
      const name = this.word();
      if (!this.isAnnotation(name) && !CAPITALS.test(name)) throw NOT_PLAIN;
      this.at++;
      if (this.kind() === 40) this.skipParentheses();
    }
  }

  private parameterList(): Draft {
    const start = this.start();
    this.take(40);
    const items: AstNode[] = [];
    if (this.kind() === 41) throw NOT_PLAIN;
    for (;;) {
      if (this.kind() === ELLIPSIS) items.push(this.leaf("variadic_parameter"));
      else items.push(this.parameter());
      if (this.kind() !== 44) break;
      this.at++;
    }
    this.take(41);
    return this.inner("parameter_list", start, items);
  }

  private parameter(): Draft {
    const start = this.start();
    while (this.kind() === STORAGE) this.at++;
    const type = this.typeSpecifier();
    const children: AstNode[] = [type];
    if (this.kind() !== 44 && this.kind() !== 41) {
      const declarator = this.declarator(true);
      declarator.field = "declarator";
      children.push(declarator);
    }
    return this.inner("parameter_declaration", start, children);
  }

  /** `*name[8]`, `(*name)(parameters)`; with `mayBeNameless`, stars alone. */
  private declarator(mayBeNameless = false): Draft {
    const start = this.start();
    if (this.kind() === 42) {
      this.at++;
      this.skipQualifiers();
      while (this.kind() === NAME && this.kind(1) === NAME && this.isAnnotation(this.word())) this.at++;
      if (mayBeNameless && (this.kind() === 44 || this.kind() === 41))
        return this.inner("abstract_pointer_declarator", start, NONE);
      const inner = this.declarator(mayBeNameless);
      // Stars alone: only in a list of parameters.
      inner.field = "declarator";
      return this.inner(inner.type === "abstract_pointer_declarator" ? inner.type : "pointer_declarator", start, [
        inner,
      ]);
    }
    let left: Draft;
    if (this.kind() === 40) {
      if (this.kind(1) !== 42) throw NOT_PLAIN;
      this.at++;
      const pointer = this.declarator();
      this.take(41);
      left = this.inner("parenthesized_declarator", start, [pointer]);
      if (this.kind() !== 40) throw NOT_PLAIN;
      this.skipParentheses();
      left.field = "declarator";
      return this.inner("function_declarator", start, [left]);
    }
    if (this.kind() !== NAME) throw NOT_PLAIN;
    left = this.leaf("identifier");
    while (this.kind() === 91) {
      this.at++;
      if (this.kind() !== 93) this.expression();
      this.take(93);
      left.field = "declarator";
      left = this.inner("array_declarator", start, [left]);
    }
    if (this.kind() === NAME) this.skipTrailingAnnotations();
    return left;
  }

  protected isDeclaration(): boolean {
    switch (this.kind()) {
      case TYPE_WORD:
      case SIZE_WORD:
      case TAG_WORD:
      case QUALIFIER:
      case STORAGE:
        return true;
      case NAME:
        break;
      default:
        return false;
    }
    let ahead = 1;
    while (this.kind(ahead) === 42 || this.kind(ahead) === QUALIFIER) ahead++;
    if (this.kind(ahead) !== NAME) return false;
    const next = this.kind(ahead + 1);
    if (ahead === 1) {
      // Two names in a row: a type and what it declares, unless the first is a macro that is a whole statement.
      const name = this.word();
      const newline = this.text.slice(this.tokens.ends[this.at], this.start(1)).includes("\n");
      if (newline || this.isAnnotation(name)) throw NOT_PLAIN;
      if (next === NAME || next === 42) return this.isAnnotation(this.word(1)) || this.notPlain();
      return next === 59 || next === 61 || next === 44 || next === 91 || this.notPlain();
    }
    // A pointer with an annotation: u32 *__free(kfree) p, or behind the name.
    if (next === NAME) return true;
    // `a * b;` declares b; what else could it be for.
    return next === 59 || next === 61 || next === 44 || next === 91;
  }

  private notPlain(): never {
    throw NOT_PLAIN;
  }

  protected declaration(): Draft {
    const start = this.start();
    while (this.kind() === STORAGE || this.kind() === QUALIFIER) this.at++;
    if (this.kind() === NAME && this.kind(1) === 40) return this.declaringMacro(start);
    const children: AstNode[] = [this.typeSpecifier()];
    while (this.kind() === STORAGE) this.at++;
    for (;;) {
      const from = this.start();
      let declarator = this.declarator();
      if (this.kind() === 61) {
        this.at++;
        const value = this.kind() === 123 ? this.initializerList() : this.expression();
        declarator.field = "declarator";
        value.field = "value";
        declarator = this.inner("init_declarator", from, [declarator, value]);
      }
      declarator.field = "declarator";
      children.push(declarator);
      if (this.kind() !== 44) break;
      this.at++;
    }
    this.take(59);
    return this.inner("declaration", start, children);
  }

  /** LIST_HEAD(list); static DEFINE_MUTEX(lock); */
  protected declaringMacro(start: number): Draft {
    const from = this.start();
    if (!DECLARING.test(this.word())) throw NOT_PLAIN;
    const name = this.leaf("identifier", "name");
    const list = this.argumentList();
    list.field = "arguments";
    const declarator = this.inner("macro_declarator", from, [name, list]);
    declarator.field = "declarator";
    this.take(59);
    return this.inner("declaration", start, [declarator]);
  }
}
