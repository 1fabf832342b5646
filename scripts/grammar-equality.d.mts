/** Types of grammar-equality.mjs for the tests. */
export interface Difference {
  readonly parent: string;
  readonly stock: string;
  readonly kernel: string;
  /** Offset into the text. */
  readonly index: number;
  /** Null where no entry of EXPLAINED covers it. */
  readonly why: string | null;
}

interface Parser {
  parse(text: string): unknown;
}

/** Null: tree-sitter-c's tree has an error. */
export function compareOn(
  parsers: { readonly kernel: Parser; readonly stock: Parser },
  text: string,
): Difference[] | null;
