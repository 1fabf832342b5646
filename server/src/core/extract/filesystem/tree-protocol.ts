/**
 * A lookup and the last iput() of one inode, both lowered from the tree's own fs/inode.c, with the filesystem's methods as
 * procedures in between. Where the tree has no such functions, or they can't be lowered, protocol.ts stands in for them.
 */
import type { Engine } from "../../analysis/effect-graph.ts";
import type { Procedure, Step, ThreadDeclaration, VariableDeclaration } from "../../race/model.ts";
import type { Fragment } from "../fragment.ts";
import type { MethodBinding } from "../lowering-request.ts";
import { ExtractedProtocol, FILESYSTEM_EVICT } from "../protocol.ts";
import { composeScenario } from "../scenario.ts";
import type { FindingScope, Scenario } from "./finding-scope.ts";

const FILESYSTEM_DESTROY = "filesystem_destroy";
const UNHASH = "__remove_inode_hash";

interface TreeProtocol {
  readonly put: Fragment;
  readonly lookup: Fragment;
  readonly unlockNew: Fragment;
  readonly clear: Fragment;
  readonly unhash: Fragment | null;
}

/** Lowered once for each state of the tree. */
const KNOWN = new WeakMap<Engine, Map<boolean, TreeProtocol | null>>();

/** Null where the tree's own functions can't be had. */
export function treeProtocol({ engine, program }: FindingScope, hasDestroy: boolean): TreeProtocol | null {
  const known = KNOWN.get(engine) ?? new Map<boolean, TreeProtocol | null>();
  KNOWN.set(engine, known);
  let found = known.get(hasDestroy);
  if (found === undefined) {
    const methods = new Map<string, MethodBinding>([
      ["evict_inode", { kind: "procedure", procedure: FILESYSTEM_EVICT }],
      // Whatever the link count, the inode goes: which way reclaim took is another question.
      ["drop_inode", { kind: "value", value: 1 }],
      ...(hasDestroy
        ? [["destroy_inode", { kind: "procedure", procedure: FILESYSTEM_DESTROY }] as [string, MethodBinding]]
        : []),
    ]);
    const protocol = new ExtractedProtocol({ program, bodies: engine.bodies, lookup: engine.lookup }, { methods });
    const put = protocol.first("put");
    const lookup = protocol.first("lookup");
    const unlockNew = protocol.first("unlock-new");
    const clear = protocol.first("clear");
    const unhash = program.functionsNamed(UNHASH).find((fn) => fn.file === protocol.functions.file);
    found =
      put === null || lookup === null || unlockNew === null || clear === null
        ? null
        : { put, lookup, unlockNew, clear, unhash: unhash === undefined ? null : protocol.fragment(unhash) };
    known.set(hasDestroy, found);
  }
  return found;
}

export interface UnhashedParts {
  /** The operation's procedures; the first is the operation. None: a filesystem that does nothing of its own. */
  readonly own: readonly Procedure[];
  readonly operation: "evict" | "destroy";
  readonly assumptions: readonly string[];
  readonly variables: readonly VariableDeclaration[];
  /** Threads beside the evictor and the lookup. */
  readonly others: readonly ThreadDeclaration[];
  readonly toggles: Scenario["toggles"];
  readonly summary: string;
  readonly invariants: Scenario["invariants"];
}

/** The call of the tree's own unhash, for a filesystem that does it itself. */
export function unhashCall(protocol: TreeProtocol): Step | null {
  return protocol.unhash === null ? null : callOf(protocol.unhash, { inode: "inode" });
}

export function withTreeProtocol(protocol: TreeProtocol, parts: UnhashedParts): Scenario {
  const { put, lookup, unlockNew, clear, unhash } = protocol;
  const entry: Step[] = parts.own.slice(0, 1).map(({ name }) => ({ call: name, with: { inode: "inode" } }));
  const isEvict = parts.operation === "evict";
  const procedures: Procedure[] = [
    ...parts.own,
    {
      name: FILESYSTEM_EVICT,
      parameters: ["inode"],
      steps: [
        { label: "->evict_inode: truncate_inode_pages_final(&inode->i_data)", do: "inode.pages = 0" },
        callOf(clear, { inode: "inode" }),
        ...(isEvict ? entry : []),
      ],
    },
    {
      name: FILESYSTEM_DESTROY,
      parameters: ["inode"],
      steps: [
        { label: "->destroy_inode(inode)", do: "free_on_disk = 1" },
        ...(isEvict ? [] : entry),
        { label: "the memory is freed: call_rcu()", do: "call_rcu(inode)" },
      ],
    },
  ];
  const model = composeScenario({
    id: "unhashed",
    title: "",
    summary: parts.summary,
    fragments: [put, lookup, unlockNew, clear, ...(unhash === null ? [] : [unhash])],
    procedures,
    threads: [evictor(put), lookupThread(lookup, unlockNew, parts.toggles !== undefined), ...parts.others],
    slots: { count: 3, initial: [{ ino: 1, hashed: 1, on_sb: 1, count: 1 }] },
    variables: [
      { name: "sb.active", initial: 1, group: "superblock" },
      { name: "sb.dead", group: "superblock" },
      ...parts.variables,
    ],
    invariants: parts.invariants,
    progress: "deadlock",
    assumptions: parts.assumptions,
  });
  const { assumptions = [], variables, slots, locks, threads, invariants } = model;
  return {
    summary: parts.summary,
    assumptions,
    ...(parts.toggles === undefined ? {} : { toggles: parts.toggles }),
    ...(variables === undefined ? {} : { variables }),
    ...(slots === undefined ? {} : { slots }),
    ...(locks === undefined ? {} : { locks }),
    procedures: model.procedures ?? [],
    threads,
    invariants,
    progress: "deadlock",
  };
}

function evictor(put: Fragment): ThreadDeclaration {
  return {
    name: "evictor",
    description: "the last reference of the inode is dropped",
    steps: [
      {
        choose: [
          [{ label: "iput() of a deleted inode", do: "A.nlink = 0" }],
          [{ label: "iput() of an inode that stays on disk", do: "A.nlink = 1" }],
        ],
      },
      callOf(put, { inode: "A" }),
    ],
  };
}

function lookupThread(lookup: Fragment, unlockNew: Fragment, isToggled: boolean): ThreadDeclaration {
  return {
    name: "lookup",
    description: `${lookup.name}() of the same number`,
    ...(isToggled ? { when: "partner == lookup" } : {}),
    locals: [{ name: "found", type: "slot" }],
    steps: [
      callOf(lookup, { result: "found" }),
      {
        label: "if (inode->i_state & I_NEW)",
        if: "found != none && found.NEW",
        then: [
          { label: "the filesystem reads the inode from disk", do: "built = 1" },
          callOf(unlockNew, { inode: "found" }),
        ],
      },
      { label: "the lookup returns", do: "skip()" },
    ],
  };
}

/** Numbers are 1; what a function returns goes to nobody unless it is asked for. */
function callOf(fragment: Fragment, given: Readonly<Record<string, string>>): Step {
  const known: Record<string, string> = { ino: "1", result: "ignored", ...given };
  return {
    call: fragment.name,
    with: Object.fromEntries((fragment.procedure.parameters ?? []).map((name) => [name, known[name] ?? "1"])),
  };
}
