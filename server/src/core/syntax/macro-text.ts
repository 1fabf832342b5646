/**
 * A function-like macro's replacement as text that can be parsed by itself. Two things stand in the way of that: the
 * preprocessor's operators `#` and `##`, which mean something in replacements alone, and that a replacement may be any
 * piece of C: an expression, statements, a declaration, an initialiser, items of a list.
 *
 * The operators are written over by what they make, at the same length, so that every offset stays true: `#x` becomes a
 * string, `a##b` one name (with `$` in it, which no name of the kernel has), and `, ##args` loses its operator.
 */

/** One way to read a replacement: as a function's body with `before` and `after` around it. */
export interface MacroReading {
  readonly before: string;
  readonly after: string;
}

/** A macro's definition, taken apart. */
export interface MacroParts {
  readonly parameters: readonly string[];
  /** With its operators written over and its line ends kept, but not their backslashes. */
  readonly replacement: string;
  /** How many characters of the definition stand before the replacement. */
  readonly offset: number;
}

const STATEMENTS: MacroReading = { before: "", after: "\n; " };
const EXPRESSION: MacroReading = { before: "return ", after: "\n; " };
/** What else a replacement may be, in the order in which they are tried. */
const READINGS: readonly MacroReading[] = [
  EXPRESSION,
  STATEMENTS,
  // { .lock = UNLOCKED, .count = n }
  { before: "struct $ $ = ", after: "\n; " },
  // .lock = UNLOCKED, .count = n
  { before: "struct $ $ = { ", after: "\n}; " },
  // FLAG = 1, OTHER,
  { before: "enum { ", after: "\n}; " },
  // a, b: further arguments
  { before: "$(", after: "\n); " },
  // struct inode *
  { before: "return (", after: "\n)$; " },
  // __attribute__((packed)), static inline
  { before: "", after: "\n int $; " },
  { before: "int $ ", after: "\n; " },
];

/**
 * Takes apart the text of a definition, from the `(` of the parameters to the end of its last line.
 * Null when the parameters do not end.
 */
export function takeMacroApart(definition: string): MacroParts | null {
  const text = definition.replace(/\\(\r?\n)/g, " $1");
  const close = text.indexOf(")");
  if (close < 0) return null;
  const parameters = text
    .slice(1, close)
    .split(",")
    .map((each) => each.trim().replace(/\s*\.\.\.$/, "") || "__VA_ARGS__");
  return { parameters, replacement: writeOver(text.slice(close + 1), parameters), offset: close + 1 };
}

/** The likeliest reading first; whoever parses takes the first that parses without an error. */
export function readingsOf(replacement: string): readonly MacroReading[] {
  return isStatement(replacement) ? [STATEMENTS, ...READINGS.filter((each) => each !== STATEMENTS)] : READINGS;
}

function isStatement(text: string): boolean {
  return /^\s*(do|if|for|while|switch|return)\b|^\s*\{/.test(text) || hasOuterSemicolon(text);
}

function hasOuterSemicolon(text: string): boolean {
  let depth = 0;
  for (const c of text.trimEnd()) {
    if (c === "(" || c === "{") depth++;
    else if (c === ")" || c === "}") depth--;
    else if (c === ";" && depth === 0) return true;
  }
  return false;
}

/** Comments and literals, which hold no operators; then the operators with the blanks and the name beside them. */
const OPERATOR =
  /\/\*[\s\S]*?(?:\*\/|(?![\s\S]))|\/\/[^\n]*|"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?|([ \t]*)##([ \t]*)|#[ \t]*([A-Za-z_]\w*)/g;

function writeOver(text: string, parameters: readonly string[]): string {
  return text.replace(OPERATOR, (token: string, ...rest: unknown[]) => {
    const [, after, name, at] = rest as [string | undefined, string | undefined, string | undefined, number];
    if (name !== undefined)
      return parameters.includes(name) ? `"${name.slice(0, token.length - 2).padEnd(token.length - 2)}"` : token;
    if (after === undefined) return token;
    const joins = isWord(text[at - 1]) && isWord(text[at + token.length]);
    return (joins ? "$" : " ").repeat(token.length);
  });
}

function isWord(c: string | undefined): boolean {
  return c !== undefined && /\w/.test(c);
}
