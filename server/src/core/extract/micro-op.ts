/** The operations that a function is taken apart into (micro.ts), and the function made of them. */
import type { Body } from "../ir/function-bodies.ts";
import type { Expr } from "../ir/ir.ts";

export type MicroOp =
  | { readonly k: "let"; readonly name: string; readonly value: Expr; readonly at: number; next: number }
  | {
      readonly k: "store";
      readonly target: Expr;
      readonly op: string;
      readonly value: Expr;
      readonly at: number;
      next: number;
    }
  | {
      readonly k: "call";
      /** Null: nobody wants the value. */
      readonly into: string | null;
      readonly callee: Expr;
      readonly args: readonly Expr[];
      readonly at: number;
      next: number;
    }
  /** `sense`: which outcome of the test is the condition's as it is written. */
  | {
      readonly k: "branch";
      readonly test: Expr;
      readonly sense?: boolean;
      readonly at: number;
      yes: number;
      no: number;
    }
  | { readonly k: "either"; readonly targets: number[]; readonly at: number }
  | {
      readonly k: "switch";
      readonly value: Expr;
      readonly cases: { readonly value: Expr | null; readonly target: number }[];
      readonly at: number;
    }
  /** The head of a walk over a list or chain. `cursor` is a hidden variable: 0 before the first, then the inode at hand. */
  | {
      readonly k: "walk";
      readonly macro: string;
      readonly args: readonly Expr[];
      readonly cursor: string;
      readonly at: number;
      body: number;
      exit: number;
    }
  | { readonly k: "return"; readonly value: Expr | null; readonly at: number }
  | { readonly k: "jump"; next: number };

export interface MicroFunction {
  readonly body: Body;
  readonly ops: readonly MicroOp[];
  readonly entry: number;
  /** Variables whose value may still be read, before each operation. */
  readonly live: readonly ReadonlySet<string>[];
}
