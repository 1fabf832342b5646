/**
 * What is extracted from a tree: a function of its own source as a procedure of the race simulator's model language.
 *
 * How the parts fit together:
 *
 *     vocabulary.ts   data: which call, member or macro of the kernel becomes which statement of a model
 *     lower-body.ts   lowerFunction(tree, function, request): one function, with its helpers in place, as a Fragment
 *     scenario.ts     composeScenario(request): fragments, threads and slots as one RaceModel, ready for core/race
 *     protocol.ts     the functions of the eviction protocol found in a tree; standard-scenarios.ts their scenarios
 *
 * A thread of a scenario calls a fragment like any procedure of the language:
 *
 *     { "call": "iput", "with": { "inode": "mine" } }
 *     { "call": "iget_locked", "with": { "ino": "1", "result": "found" } }
 *
 * A method that generic code calls through a pointer (`inode->i_sb->s_op->evict_inode(inode)`) is bound when the code is
 * lowered (`LowerRequest.methods`): absent (the pointer is NULL), a function of the tree (lowered in place, with its own
 * lines), or a procedure of the scenario, which then becomes the step `{ "call": NAME, "with": { "inode": .., "result": .. } }`.
 * A filesystem's own steps come in by the last two ways.
 */
import type { LocalDeclaration, LockDeclaration, Procedure, VariableDeclaration } from "../race/model.ts";
import type { QueuedWork } from "./lowering-request.ts";

/** What a fragment takes for granted, and where. Shown with every verdict; one that holds is only as good as these. */
export interface Assumption {
  readonly text: string;
  readonly file?: string;
  /** 1-based. */
  readonly line?: number;
}

/** What a scenario must declare before it can call a fragment. `composeScenario` does that by itself. */
export interface FragmentNeeds {
  readonly locks: readonly LockDeclaration[];
  readonly variables: readonly VariableDeclaration[];
  /** Fields of an inode slot beyond those that the model language has. */
  readonly fields: readonly VariableDeclaration[];
  /** Procedures that the scenario gives (methods bound to one). */
  readonly procedures: readonly string[];
}

export interface Fragment {
  /** The C function; also the procedure's name. */
  readonly name: string;
  readonly file: string;
  /** 1-based line of the function's definition. */
  readonly line: number;
  /**
   * Parameters are C's, as far as the language knows them: an inode pointer takes a slot. A function with a value has the
   * parameter `result` besides: a local that takes it (a slot or `none`; numbers: 0, or 1 for anything else, errors too).
   * A value that is not wanted goes to a local that nobody reads.
   */
  readonly procedure: Procedure & { readonly locals: readonly LocalDeclaration[] };
  readonly result: "slot" | "number" | null;
  readonly assumptions: readonly Assumption[];
  readonly needs: FragmentNeeds;
  /** Functions whose bodies are part of it, by name; the files whose text it depends on. */
  readonly inlined: readonly string[];
  /** Work that it hands on. */
  readonly queued?: readonly QueuedWork[];
  readonly files: readonly string[];
}

/** Why a function could not be lowered at all. */
export interface ExtractionFailure {
  readonly name: string;
  readonly reason: string;
}
