/**
 * The expression and statement language of model files: C's operators over names, numbers, `slot.field`, `array[index]`
 * and calls of built-in functions. Text becomes a tree here and nothing else: nothing is evaluated.
 */

export type BinaryOperator =
  | "||"
  | "&&"
  | "|"
  | "^"
  | "&"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "<<"
  | ">>"
  | "+"
  | "-"
  | "*"
  | "/"
  | "%";

export type ExpressionTree =
  | { readonly t: "number"; readonly value: number; readonly at: number }
  | { readonly t: "text"; readonly value: string; readonly at: number }
  | { readonly t: "name"; readonly name: string; readonly at: number }
  | { readonly t: "field"; readonly base: ExpressionTree; readonly field: string; readonly at: number }
  | { readonly t: "index"; readonly base: ExpressionTree; readonly index: ExpressionTree; readonly at: number }
  | { readonly t: "call"; readonly name: string; readonly args: readonly ExpressionTree[]; readonly at: number }
  | { readonly t: "not" | "negate"; readonly a: ExpressionTree; readonly at: number }
  | {
      readonly t: "binary";
      readonly op: BinaryOperator;
      readonly a: ExpressionTree;
      readonly b: ExpressionTree;
      readonly at: number;
    }
  | {
      readonly t: "choice";
      readonly c: ExpressionTree;
      readonly a: ExpressionTree;
      readonly b: ExpressionTree;
      readonly at: number;
    };

export type StatementTree =
  | {
      readonly t: "assign";
      readonly target: ExpressionTree;
      readonly op: "" | "+" | "-" | "|" | "&";
      readonly value: ExpressionTree;
      readonly at: number;
    }
  | { readonly t: "do"; readonly name: string; readonly args: readonly ExpressionTree[]; readonly at: number }
  | {
      readonly t: "if";
      readonly c: ExpressionTree;
      readonly yes: readonly StatementTree[];
      readonly no: readonly StatementTree[];
      readonly at: number;
    };

/** Raised by the parser; `loadModel` turns it into a ModelError. `at` is the offset in the text. */
export class ExpressionError extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.name = "ExpressionError";
    this.at = at;
  }
}

export const MAX_EXPRESSION_LENGTH = 4000;
const MAX_DEPTH = 60;

interface Token {
  readonly kind: "number" | "name" | "text" | "operator" | "end";
  readonly text: string;
  readonly at: number;
}

const TOKEN =
  /\s*(?:(\d+)|([A-Za-z_][A-Za-z0-9_]*)|"((?:[^"\\\n])*)"|(\|\||&&|==|!=|<=|>=|<<|>>|\+\+|--|\+=|-=|\|=|&=|[-+*/%<>=!&|^().,;?:{}[\]]))/y;

function tokenize(text: string): Token[] {
  if (text.length > MAX_EXPRESSION_LENGTH) {
    throw new ExpressionError(`text is longer than ${MAX_EXPRESSION_LENGTH} characters`, MAX_EXPRESSION_LENGTH);
  }
  const tokens: Token[] = [];
  let position = 0;
  while (true) {
    TOKEN.lastIndex = position;
    const match = TOKEN.exec(text);
    if (match === null) {
      const rest = text.slice(position);
      const blank = rest.length - rest.trimStart().length;
      if (blank === rest.length) break;
      throw new ExpressionError(`unexpected character ${JSON.stringify(rest[blank])}`, position + blank);
    }
    const [whole, number, name, quoted, operator] = match;
    const at = position + whole.length - (number ?? name ?? operator ?? `"${quoted}"`).length;
    if (number !== undefined) {
      if (number.length > 6) throw new ExpressionError(`number ${number} is too large`, at);
      tokens.push({ kind: "number", text: number, at });
    } else if (name !== undefined) tokens.push({ kind: "name", text: name, at });
    else if (quoted !== undefined) tokens.push({ kind: "text", text: quoted, at });
    else tokens.push({ kind: "operator", text: operator ?? "", at });
    position = TOKEN.lastIndex;
  }
  tokens.push({ kind: "end", text: "end of text", at: text.length });
  return tokens;
}

const PRECEDENCE: Readonly<Record<string, number>> = {
  "||": 1,
  "&&": 2,
  "|": 3,
  "^": 4,
  "&": 5,
  "==": 6,
  "!=": 6,
  "<": 7,
  "<=": 7,
  ">": 7,
  ">=": 7,
  "<<": 8,
  ">>": 8,
  "+": 9,
  "-": 9,
  "*": 10,
  "/": 10,
  "%": 10,
};

class Parser {
  readonly tokens: readonly Token[];
  next = 0;
  depth = 0;

  constructor(text: string) {
    this.tokens = tokenize(text);
  }

  peek(): Token {
    return this.tokens[Math.min(this.next, this.tokens.length - 1)] as Token;
  }

  take(): Token {
    const token = this.peek();
    this.next++;
    return token;
  }

  accept(operator: string): boolean {
    const token = this.peek();
    if (token.kind !== "operator" || token.text !== operator) return false;
    this.next++;
    return true;
  }

  expect(operator: string): void {
    const token = this.peek();
    if (!this.accept(operator)) throw new ExpressionError(`expected "${operator}", found "${token.text}"`, token.at);
  }

  nested<T>(parse: () => T): T {
    if (++this.depth > MAX_DEPTH) throw new ExpressionError("nested too deeply", this.peek().at);
    const result = parse();
    this.depth--;
    return result;
  }

  expression(): ExpressionTree {
    return this.nested(() => {
      const c = this.binary(1);
      if (!this.accept("?")) return c;
      const a = this.expression();
      this.expect(":");
      return { t: "choice", c, a, b: this.expression(), at: c.at };
    });
  }

  binary(least: number): ExpressionTree {
    let a = this.unary();
    while (true) {
      const token = this.peek();
      const precedence = token.kind === "operator" ? PRECEDENCE[token.text] : undefined;
      if (precedence === undefined || precedence < least) return a;
      this.next++;
      const b = this.nested(() => this.binary(precedence + 1));
      a = { t: "binary", op: token.text as BinaryOperator, a, b, at: token.at };
    }
  }

  unary(): ExpressionTree {
    const { at } = this.peek();
    if (this.accept("!")) return { t: "not", a: this.nested(() => this.unary()), at };
    if (this.accept("-")) return { t: "negate", a: this.nested(() => this.unary()), at };
    return this.postfix();
  }

  postfix(): ExpressionTree {
    let tree = this.primary();
    while (true) {
      const { at } = this.peek();
      if (this.accept(".")) {
        const name = this.take();
        if (name.kind !== "name") throw new ExpressionError(`expected a field name, found "${name.text}"`, name.at);
        tree = { t: "field", base: tree, field: name.text, at: name.at };
      } else if (this.accept("[")) {
        const index = this.expression();
        this.expect("]");
        tree = { t: "index", base: tree, index, at };
      } else return tree;
    }
  }

  args(): ExpressionTree[] {
    const args: ExpressionTree[] = [];
    if (this.accept(")")) return args;
    do args.push(this.expression());
    while (this.accept(","));
    this.expect(")");
    return args;
  }

  primary(): ExpressionTree {
    const token = this.take();
    if (token.kind === "number") return { t: "number", value: Number(token.text), at: token.at };
    if (token.kind === "text") return { t: "text", value: token.text, at: token.at };
    if (token.kind === "name") {
      if (this.accept("(")) return { t: "call", name: token.text, args: this.args(), at: token.at };
      return { t: "name", name: token.text, at: token.at };
    }
    if (token.kind === "operator" && token.text === "(") {
      const tree = this.expression();
      this.expect(")");
      return tree;
    }
    throw new ExpressionError(`expected a value, found "${token.text}"`, token.at);
  }

  statements(until: "end" | "}"): StatementTree[] {
    const list: StatementTree[] = [];
    while (true) {
      while (this.accept(";"));
      const token = this.peek();
      if (until === "}" ? token.text === "}" : token.kind === "end") return list;
      const statement = this.nested(() => this.statement());
      list.push(statement);
      const after = this.peek();
      const closed = statement.t === "if" || after.kind === "end" || after.text === "}";
      if (!closed) this.expect(";");
    }
  }

  block(): StatementTree[] {
    this.expect("{");
    const list = this.statements("}");
    this.expect("}");
    return list;
  }

  statement(): StatementTree {
    const token = this.peek();
    if (token.kind === "name" && token.text === "if") {
      this.next++;
      this.expect("(");
      const c = this.expression();
      this.expect(")");
      const yes = this.block();
      let otherwise: StatementTree[] = [];
      const word = this.peek();
      if (word.kind === "name" && word.text === "else") {
        this.next++;
        const again = this.peek();
        otherwise = again.kind === "name" && again.text === "if" ? [this.nested(() => this.statement())] : this.block();
      }
      return { t: "if", c, yes, no: otherwise, at: token.at };
    }
    const target = this.postfix();
    if (target.t === "call") return { t: "do", name: target.name, args: target.args, at: target.at };
    const operator = this.take();
    const one: ExpressionTree = { t: "number", value: 1, at: operator.at };
    switch (operator.kind === "operator" ? operator.text : "") {
      case "++":
        return { t: "assign", target, op: "+", value: one, at: target.at };
      case "--":
        return { t: "assign", target, op: "-", value: one, at: target.at };
      case "=":
        return { t: "assign", target, op: "", value: this.expression(), at: target.at };
      case "+=":
      case "-=":
      case "|=":
      case "&=":
        return {
          t: "assign",
          target,
          op: operator.text[0] as "+" | "-" | "|" | "&",
          value: this.expression(),
          at: target.at,
        };
      default:
        throw new ExpressionError(`expected an assignment or a call, found "${operator.text}"`, operator.at);
    }
  }
}

/** Throws ExpressionError. */
export function parseExpression(text: string): ExpressionTree {
  const parser = new Parser(text);
  const tree = parser.expression();
  const rest = parser.peek();
  if (rest.kind !== "end") throw new ExpressionError(`unexpected "${rest.text}"`, rest.at);
  return tree;
}

/** Throws ExpressionError. */
export function parseStatements(text: string): StatementTree[] {
  return new Parser(text).statements("end");
}
