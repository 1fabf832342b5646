/** Expressions and initialisers of plain C, as nodes of the kernel-c grammar. */
import type { AstNode } from "../ast.ts";
import {
  AND,
  ARROW,
  ASSIGN_WITH,
  CHARACTER,
  CONSTANT_WORD,
  DECREMENT,
  END,
  EQUAL,
  FOREIGN,
  GREATER_EQUAL,
  INCREMENT,
  LESS_EQUAL,
  NAME,
  NOT_EQUAL,
  NUMBER,
  OFFSETOF,
  OR,
  QUALIFIER,
  SHIFT_LEFT,
  SHIFT_RIGHT,
  SIZE_WORD,
  SIZEOF,
  STRING,
  TAG_WORD,
  TYPE_WORD,
} from "./tokens.ts";
import { type Draft, NO_CHILDREN, NOT_PLAIN, TypeReader } from "./types.ts";

/** Binding strength of the binary operators, by kind of token (tree-sitter-c's PREC). */
const BINARY = new Uint8Array(256);
for (const [strength, kinds] of [
  [1, [OR]],
  [2, [AND]],
  [3, [124]],
  [4, [94]],
  [5, [38]],
  [6, [EQUAL, NOT_EQUAL]],
  [7, [60, 62, LESS_EQUAL, GREATER_EQUAL]],
  [9, [SHIFT_LEFT, SHIFT_RIGHT]],
  [10, [43, 45]],
  [11, [42, 47, 37]],
] as const)
  for (const kind of kinds) BINARY[kind] = strength;

const ASSIGNABLE = new Set([
  "identifier",
  "call_expression",
  "field_expression",
  "pointer_expression",
  "subscript_expression",
  "parenthesized_expression",
]);

export class ExpressionReader extends TypeReader {
  /** Reads `{ ... }` at the current token. */
  protected block(): Draft {
    throw NOT_PLAIN;
  }

  // --- expressions ----------------------------------------------------------------------------------------------

  /** With commas: `a = 1, b = 2`. */
  protected expressions(): Draft {
    const left = this.expression();
    if (this.kind() !== 44) return left;
    this.at++;
    this.enter();
    const right = this.expressions();
    this.depth--;
    left.field = "left";
    right.field = "right";
    return this.inner("comma_expression", left.start, [left, right]);
  }

  protected expression(): Draft {
    this.enter();
    let left = this.binary(0);
    const kind = this.kind();
    if (kind === 63) left = this.conditional(left);
    else if (kind === 61 || kind === ASSIGN_WITH) {
      if (!ASSIGNABLE.has(left.type)) throw NOT_PLAIN;
      const operator = this.leaf("operator", "operator");
      const right = this.expression();
      left.field = "left";
      right.field = "right";
      left = this.inner("assignment_expression", left.start, [left, operator, right]);
    }
    this.depth--;
    return left;
  }

  private conditional(condition: Draft): Draft {
    this.at++;
    condition.field = "condition";
    const children: AstNode[] = [condition];
    if (this.kind() !== 58) {
      const yes = this.expressions();
      yes.field = "consequence";
      children.push(yes);
    }
    this.take(58);
    const no = this.binary(0);
    const alternative = this.kind() === 63 ? this.conditional(no) : no;
    // a ? b : c = d: to C a mistake.
    if (this.kind() === 61 || this.kind() === ASSIGN_WITH) throw NOT_PLAIN;
    alternative.field = "alternative";
    children.push(alternative);
    return this.inner("conditional_expression", condition.start, children);
  }

  private binary(minimum: number): Draft {
    let left = this.unary();
    for (;;) {
      const strength = BINARY[this.kind()]!;
      if (strength === 0 || strength <= minimum) return left;
      const operator = this.leaf("operator", "operator");
      const right = this.binary(strength);
      left.field = "left";
      right.field = "right";
      left = this.inner("binary_expression", left.start, [left, operator, right]);
    }
  }

  /** Without `update`, a `++` behind it is the outer expression's: !x++ is (!x)++ to tree-sitter-c. */
  private unary(update = true): Draft {
    const kind = this.kind();
    switch (kind) {
      case 45: // -
      case 43: // +
        // Written together they are one literal.
        if (this.kind(1) === NUMBER && this.start(1) === this.start() + 1) {
          const start = this.start();
          this.at += 2;
          return this.postfix(this.inner("number_literal", start, NO_CHILDREN), update);
        }
        return this.negation(update);
      case 33: // !
      case 126: // ~
        return this.negation(update);
      case 42: // *
      case 38: // &
        return this.prefixed("pointer_expression");
      case INCREMENT:
      case DECREMENT:
        return this.prefixed("update_expression");
      case SIZEOF:
        return this.sizeOf();
      case OFFSETOF: {
        const start = this.start();
        this.at++;
        this.skipParentheses();
        return this.inner("offsetof_expression", start, NO_CHILDREN);
      }
      case 40: // (
        return this.parenthesized(update);
      default:
        return this.postfix(this.primary(), update);
    }
  }

  private negation(update: boolean): Draft {
    const result = this.prefixed("unary_expression", false);
    return update ? this.postfix(result, true) : result;
  }

  private prefixed(type: string, update = true): Draft {
    this.enter();
    const operator = this.leaf("operator", "operator");
    const argument = this.unary(update);
    argument.field = "argument";
    this.depth--;
    return this.inner(type, operator.start, [operator, argument]);
  }

  /** What is asked for the size is of no interest, only where it ends. */
  private sizeOf(): Draft {
    const start = this.start();
    this.at++;
    if (this.kind() !== 40) {
      const operand = this.unary();
      return this.inner("sizeof_expression", start, [operand]);
    }
    const isName = this.kind(1) === NAME && this.kind(2) === 41;
    this.skipParentheses();
    const next = this.kind();
    const result = this.inner("sizeof_expression", start, NO_CHILDREN);
    // sizeof(x)->y takes x for a type.
    if ((next === 46 || next === ARROW || next === 91) && isName) return this.postfix(result, true);
    if (next === 46 || next === ARROW || next === 91 || next === 40 || next === INCREMENT || next === DECREMENT)
      throw NOT_PLAIN;
    // sizeof(struct a)-4 is the size of a cast's value: -4 is one literal to the grammar.
    if ((next === 43 || next === 45) && this.kind(1) === NUMBER && this.start(1) === this.start() + 1) throw NOT_PLAIN;
    return result;
  }

  /** From `(` to behind the `)` that closes it. */
  protected skipParentheses(): void {
    const { kinds } = this.tokens;
    let depth = 0;
    for (;;) {
      const kind = kinds[this.at++]!;
      if (kind === 40) depth++;
      else if (kind === 41 && --depth === 0) return;
      else if (kind === END || kind === FOREIGN || kind === 123 || kind === 125 || kind === 59) throw NOT_PLAIN;
    }
  }

  private parenthesized(update: boolean): Draft {
    this.enter();
    const start = this.start();
    const result = this.isTypeBehindParenthesis() ? this.cast(start) : this.postfix(this.parentheses(), update);
    this.depth--;
    return result;
  }

  /** `(a, b)` or `({ ... })`; never a cast. */
  protected parentheses(): Draft {
    const start = this.start();
    this.take(40);
    const inside = this.kind() === 123 ? this.block() : this.expressions();
    this.take(41);
    return this.inner("parenthesized_expression", start, [inside]);
  }

  /** At `(`: is a type's name behind it? `(a)(b)` and `(a) - b` are values to the grammar, whatever a is. */
  private isTypeBehindParenthesis(): boolean {
    const first = this.kind(1);
    if (first === TYPE_WORD || first === SIZE_WORD || first === TAG_WORD || first === QUALIFIER) return true;
    if (first !== NAME) return false;
    if (this.kind(2) === NAME || this.kind(2) === QUALIFIER) return true;
    let ahead = 2;
    if (this.kind(2) === 42) {
      while (this.kind(ahead) === 42) ahead++;
      return this.kind(ahead) === 41;
    }
    if (this.kind(2) !== 41) return false;
    switch (this.kind(3)) {
      case NAME:
      case NUMBER:
      case STRING:
      case CHARACTER:
      case CONSTANT_WORD:
      case SIZEOF:
      case 33:
      case 126:
      case 123:
        return true;
      case 40:
        this.refuseProduct(3);
        return false;
      default:
        return false;
    }
  }

  /** (a)(b * c): the grammar weighs a pointer's type against a product, with an outcome that the text alone decides. */
  private refuseProduct(ahead: number): void {
    let depth = 0;
    for (let i = ahead; ; i++) {
      const kind = this.kind(i);
      if (kind === 40) depth++;
      else if (kind === 41 && --depth === 0) return;
      else if (kind === 42 || kind === 38 || kind === END) throw NOT_PLAIN;
    }
  }

  private cast(start: number): Draft {
    this.at++;
    const type = this.typeDescriptor();
    type.field = "type";
    this.take(41);
    if (this.kind() === 123) {
      const list = this.initializerList();
      list.field = "value";
      return this.postfix(this.inner("compound_literal_expression", start, [type, list]), true);
    }
    const value = this.unary();
    value.field = "value";
    return this.inner("cast_expression", start, [type, value]);
  }

  private primary(): Draft {
    const kind = this.kind();
    switch (kind) {
      case NAME:
        if (this.kind(1) === STRING) return this.strings();
        return this.leaf("identifier");
      case NUMBER:
        return this.leaf("number_literal");
      case CHARACTER:
        return this.leaf("char_literal");
      case STRING:
        return this.kind(1) === STRING || this.kind(1) === NAME ? this.strings() : this.leaf("string_literal");
      case CONSTANT_WORD: {
        const letter = this.text.charCodeAt(this.start()) | 32;
        return this.leaf(letter === 116 ? "true" : letter === 102 ? "false" : "null");
      }
      default:
        throw NOT_PLAIN;
    }
  }

  /** "a" PRIu64 "b", KERN_ERR "text". */
  private strings(): Draft {
    const start = this.start();
    for (let kind = this.kind(); kind === STRING || kind === NAME; kind = this.kind()) this.at++;
    if (this.kind() === 40) throw NOT_PLAIN;
    return this.inner("concatenated_string", start, NO_CHILDREN);
  }

  private postfix(first: Draft, update: boolean): Draft {
    let left = first;
    for (;;) {
      switch (this.kind()) {
        case 40: {
          const list = this.argumentList();
          left.field = "function";
          list.field = "arguments";
          left = this.inner("call_expression", left.start, [left, list]);
          break;
        }
        case 91: {
          this.at++;
          const index = this.expression();
          this.take(93);
          left.field = "argument";
          index.field = "index";
          left = this.inner("subscript_expression", left.start, [left, index]);
          break;
        }
        case 46:
        case ARROW: {
          const operator = this.leaf("operator", "operator");
          if (this.kind() !== NAME) throw NOT_PLAIN;
          const field = this.leaf("field_identifier", "field");
          left.field = "argument";
          left = this.inner("field_expression", left.start, [left, operator, field]);
          break;
        }
        case INCREMENT:
        case DECREMENT: {
          if (!update) return left;
          const operator = this.leaf("operator", "operator");
          left.field = "argument";
          left = this.inner("update_expression", left.start, [left, operator]);
          break;
        }
        default:
          return left;
      }
    }
  }

  protected argumentList(): Draft {
    this.enter();
    const start = this.start();
    this.take(40);
    const items: AstNode[] = [];
    if (this.kind() !== 41) {
      for (;;) {
        items.push(this.argument());
        if (this.kind() !== 44) break;
        this.at++;
        // Nothing between two commas is a macro's argument.
        if (this.kind() === 44 || this.kind() === 41) throw NOT_PLAIN;
      }
    }
    this.take(41);
    this.depth--;
    return this.inner("argument_list", start, items);
  }

  private argument(): Draft {
    const kind = this.kind();
    if (kind === TAG_WORD || kind === TYPE_WORD || kind === SIZE_WORD) return this.typeDescriptor();
    const next = this.kind(1);
    // ASSERTCMP(a, ==, b)
    if ((next === 44 || next === 41) && (BINARY[kind]! > 0 || kind === 61)) return this.leaf("macro_operator");
    return this.expression();
  }

  // --- initialisers ---------------------------------------------------------------------------------------------

  protected initializerList(): Draft {
    this.enter();
    const start = this.start();
    this.take(123);
    const items: AstNode[] = [];
    while (this.kind() !== 125) {
      items.push(this.initializer());
      if (this.kind() !== 44) break;
      this.at++;
    }
    this.take(125);
    this.depth--;
    return this.inner("initializer_list", start, items);
  }

  private initializer(): Draft {
    const start = this.start();
    const designators: AstNode[] = [];
    for (;;) {
      const kind = this.kind();
      if (kind === 46 && this.kind(1) === NAME) {
        const from = this.start();
        this.at++;
        const name = this.leaf("field_identifier");
        designators.push({ ...this.inner("field_designator", from, [name]), field: "designator" });
      } else if (kind === 91) {
        const from = this.start();
        this.at++;
        const index = this.expression();
        this.take(93);
        designators.push({ ...this.inner("subscript_designator", from, [index]), field: "designator" });
      } else break;
    }
    if (designators.length > 0) this.take(61);
    const value = this.kind() === 123 ? this.initializerList() : this.expression();
    if (designators.length === 0) return value;
    value.field = "value";
    return this.inner("initializer_pair", start, [...designators, value]);
  }
}
