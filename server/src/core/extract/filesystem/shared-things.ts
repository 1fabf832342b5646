/**
 * What the threads of a model share beside the inode: sleeping locks of the whole filesystem, and the open transaction of its
 * journal. A variable each, not a lock of the model's language: that rejects a thread that takes what it holds, and here such a
 * thread is what is looked for.
 */
import type { Engine } from "../../analysis/effect-graph.ts";
import type { Program } from "../../callgraph/program.ts";
import { positionIn } from "../../ir/function-bodies.ts";
import type { TransactionEntry } from "../../knowledge/knowledge.ts";
import type { LocalDeclaration, SourceSpan, ThreadDeclaration, VariableDeclaration } from "../../race/model.ts";

export interface SharedThing {
  readonly kind: "lock" | "transaction";
  readonly name: string;
  /** In words: "has foo_sb_info.big_lock", "gives foo_sb_info.big_lock back". */
  readonly words: string;
  /** Statements of one step each. */
  readonly take: string;
  readonly giveBack: string;
  /** Who has it can take it again, and waits for nothing. */
  readonly nests: boolean;
  readonly variables: readonly VariableDeclaration[];
  /** Of each thread. */
  readonly locals: readonly LocalDeclaration[];
  readonly threads: readonly ThreadDeclaration[];
}

export function lockThing(lock: string): SharedThing {
  const name = nameInModel(`own_${lock}`);
  return {
    kind: "lock",
    name: lock,
    words: lock,
    take: `wait(!${name}); ${name} = 1`,
    giveBack: `${name} = 0`,
    nests: false,
    variables: [{ name, description: `${lock} is held` }],
    locals: [],
    threads: [],
  };
}

/** The name of what is shared: no lock, a `struct.member`, has it. */
export function transactionOf({ journal }: TransactionEntry): string {
  return `the open transaction of ${journal}`;
}

/** Handles that one thread, and all of them, can have at once. */
const MAX_NESTED = 7;
const MAX_HANDLES = 15;

/**
 * Handles keep the transaction open; the commit lets no new one in and waits until they have been given back. It runs once, at any
 * time.
 */
export function transactionThing(entry: TransactionEntry, scope: CommitScope): SharedThing {
  const handles = nameInModel(`handles_${entry.journal}`);
  const locked = nameInModel(`locked_${entry.journal}`);
  const mine = handlesOfThread(entry);
  const waits = entry.nests ? `${mine} > 0 || !${locked}` : `!${locked}`;
  const line = (text: string | undefined): { readonly source?: SourceSpan } => commitLine(scope, entry, text);
  return {
    kind: "transaction",
    name: transactionOf(entry),
    words: `a handle of ${entry.journal}`,
    take: `wait(${waits}); ${mine}++; ${handles}++`,
    giveBack: `${mine}--; ${handles}--`,
    nests: entry.nests,
    variables: [
      { name: handles, max: MAX_HANDLES, description: "handles that keep the transaction open" },
      { name: locked, description: "a commit lets no new handle in" },
    ],
    locals: [{ name: mine, max: MAX_NESTED }],
    threads: [
      {
        name: "commit",
        description: `${entry.commit?.function ?? entry.journal}() commits the transaction`,
        daemon: true,
        steps: [
          { label: "the commit lets no new handle in", do: `${locked} = 1`, ...line(entry.commit?.locks) },
          { label: "waits for the handles that there are", do: "skip()", ...line(entry.commit?.waits) },
          { label: "there is none left: it commits", do: `wait(${handles} == 0); ${locked} = 0` },
        ],
      },
    ],
  };
}

/** The local of a thread that counts its own. */
export function handlesOfThread({ journal }: TransactionEntry): string {
  return nameInModel(`has_${journal}`);
}

function nameInModel(text: string): string {
  return text.replace(/\W/g, "_").slice(0, 64);
}

export interface CommitScope {
  readonly engine: Engine;
  readonly program: Program;
}

function commitLine(
  { engine, program }: CommitScope,
  { commit }: TransactionEntry,
  text: string | undefined,
): { readonly source?: SourceSpan } {
  if (commit === undefined || text === undefined) return {};
  for (const fn of program.functionsNamed(commit.function)) {
    const body = engine.bodies.of(fn);
    const at = body?.text.indexOf(text) ?? -1;
    if (body !== null && at >= 0) return { source: { file: fn.file.path, line: positionIn(body, at).line } };
  }
  return {};
}
