/** The macros of one file, as numbers: of the hundred thousand in a kernel's headers some hundreds are ever asked for. */

export interface MacroSpan {
  readonly name: number;
  /** Byte offset of the `#`. */
  readonly start: number;
  /** Byte offset of the `(` of the parameters, or of the body of an object-like macro. */
  readonly parameters: number;
  readonly end: number;
  readonly line: number;
  readonly functionLike: boolean;
}

const COLUMNS = 6;

export class MacroSpans {
  static readonly NONE = new MacroSpans([]);

  readonly #numbers: Int32Array;

  /** For each macro, in this order: name, start, parameters, end, line, 1 when it is like a function. */
  constructor(numbers: readonly number[]) {
    this.#numbers = new Int32Array(numbers);
  }

  get length(): number {
    return this.#numbers.length / COLUMNS;
  }

  nameAt(index: number): number {
    return this.#numbers[index * COLUMNS]!;
  }

  at(index: number): MacroSpan {
    const numbers = this.#numbers;
    const from = index * COLUMNS;
    return {
      name: numbers[from]!,
      start: numbers[from + 1]!,
      parameters: numbers[from + 2]!,
      end: numbers[from + 3]!,
      line: numbers[from + 4]!,
      functionLike: numbers[from + 5] === 1,
    };
  }

  all(): MacroSpan[] {
    return Array.from({ length: this.length }, (_, index) => this.at(index));
  }
}
