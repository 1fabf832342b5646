/** Threads that several scenarios have: who drops the last reference of inode A, and who comes for its number meanwhile. */
import type { Engine } from "../../analysis/effect-graph.ts";
import type { Filesystem } from "../../callgraph/filesystem.ts";
import type { Program } from "../../callgraph/program.ts";
import type { Procedure, Step, ThreadDeclaration } from "../../race/model.ts";
import { NO_LOCKS, type SharedLocks } from "./entry-locks.ts";
import type { EntryKind } from "./entry-path.ts";
import { BUSY, type EntryFailure, type EntryRequest, type EntrySteps, entrySteps, SLOT_OF } from "./entry-steps.ts";
import { eitherLinkCount } from "./protocol.ts";
import type { Protocol } from "./tree-protocol.ts";

export function evictorThread(protocol: Protocol): ThreadDeclaration {
  return {
    name: "evictor",
    description: "the last reference of the inode is dropped",
    steps: [eitherLinkCount("A"), protocol.call("put", { inode: "A" })],
  };
}

/** Who comes for number 1 by the filesystem's own functions, or by the generic ones alone. */
export interface Partner {
  readonly thread: ThreadDeclaration;
  /** The filesystem's own functions. */
  readonly procedures: readonly Procedure[];
  readonly assumptions: readonly string[];
}

export interface PartnerScope {
  readonly engine: Engine;
  readonly program: Program;
  /** Null: generic code alone. */
  readonly filesystem: Filesystem | null;
  /** Locks of the filesystem that the partner holds and the eviction takes. */
  readonly locks?: SharedLocks;
}

/** Gets number 1, reads it from disk where nobody has (`reads`), and does `then` with what it has got (`found`). */
export function lookupPartner(
  scope: PartnerScope,
  protocol: Protocol,
  reads = "built = 1",
  then: readonly Step[] = [],
): Partner {
  // Who lets go of it at the end is not asked who evicts it then; nor is who gives it up before.
  const put = then.length === 0 ? {} : { put: { label: "iput(inode)", do: "found.count--" } };
  const marks = { mark: reads, forget: "built = 0", ...put };
  const own = ownEntry(scope, protocol, "lookup", marks);
  if (own === null || "assumption" in own)
    return {
      ...genericPartner(lookupThread(protocol, reads, then)),
      assumptions: own === null ? [] : [own.assumption],
    };
  const ways = waysIn(scope, protocol, own, marks);
  return {
    procedures: ways.procedures,
    assumptions: own.assumptions,
    thread: {
      name: "lookup",
      description: `looks the same number up: ${own.way}`,
      locals: [{ name: SLOT_OF.lookup, type: "slot" }],
      steps: [
        ...ways.steps,
        ...(then.length === 0 ? [] : [{ label: "if it has got the inode", if: "found != none", then }]),
        { label: "the lookup returns", do: "skip()" },
      ],
    },
  };
}

/**
 * A name leads to an inode that has links, and the lookup of a name holds its locks. Who has the number from elsewhere (a file
 * handle) comes to the inner function alone, and to deleted inodes, too; only where there are file handles it does so by that
 * function with what locks it takes itself.
 */
function waysIn(
  scope: PartnerScope,
  protocol: Protocol,
  own: EntrySteps,
  marks: Pick<EntryRequest, "mark" | "forget" | "put">,
): { readonly steps: readonly Step[]; readonly procedures: readonly Procedure[] } {
  const call = ({ procedures }: EntrySteps): Step => ({ call: procedures[0]!.name, with: { found: SLOT_OF.lookup } });
  const { filesystem, program, locks } = scope;
  if (filesystem === null || locks === undefined || locks.names.size === 0)
    return { steps: [call(own)], procedures: own.procedures };
  const hasHandles = [...program.tablesOf("export_operations")].some(({ file }) => filesystem.owns(file));
  const inner = { ...locks, top: Number.MAX_SAFE_INTEGER, ...(hasHandles ? {} : { names: NO_LOCKS.names }) };
  const byNumber = ownEntry({ ...scope, locks: inner }, protocol, "lookup", { ...marks, prefix: "by_number" });
  if (byNumber === null || "assumption" in byNumber) return { steps: [call(own)], procedures: own.procedures };
  return {
    procedures: [...own.procedures, ...byNumber.procedures],
    steps: [
      {
        choose: [
          [{ label: "a name leads to the inode: it has links", do: "wait(A.phase == LIVE && A.nlink > 0)" }, call(own)],
          [{ label: "the number is known without a name", do: "skip()" }, call(byNumber)],
        ],
      },
    ],
  };
}

/** Makes a new file once the number is free (`waits`), and gives up where an inode of the number is in use. */
export function createPartner(scope: PartnerScope, protocol: Protocol, waits: Step): Partner {
  const own = ownEntry(scope, protocol, "create", { mark: "created = 1", forget: "created = 0" });
  if (own === null || "assumption" in own)
    return { ...genericPartner(createThread(protocol, waits)), assumptions: own === null ? [] : [own.assumption] };
  return {
    procedures: own.procedures,
    assumptions: own.assumptions,
    thread: {
      name: "create",
      description: `a new file gets the number: ${own.way}`,
      locals: [
        { name: SLOT_OF.create, type: "slot" },
        { name: BUSY, max: 1 },
      ],
      steps: [
        waits,
        { call: own.procedures[0]!.name, with: { made: SLOT_OF.create, busy: BUSY } },
        {
          label: "if the new inode has the number",
          if: "made != none",
          then: [{ label: "the new inode of the number is hashed and written", do: "created = 1" }],
        },
      ],
    },
  };
}

function ownEntry(
  { filesystem, ...scope }: PartnerScope,
  protocol: Protocol,
  kind: EntryKind,
  marks: Pick<EntryRequest, "mark" | "forget" | "put" | "prefix">,
): EntrySteps | EntryFailure | null {
  return filesystem === null ? null : entrySteps({ ...scope, filesystem, protocol, ...marks }, kind);
}

function genericPartner(thread: ThreadDeclaration): Omit<Partner, "assumptions"> {
  return { thread, procedures: [] };
}

function lookupThread(protocol: Protocol, reads: string, then: readonly Step[]): ThreadDeclaration {
  const lookup = protocol.call("lookup", { result: "found" });
  return {
    name: "lookup",
    description: `${protocol.fragment("lookup").name}() of the same number`,
    locals: [{ name: "found", type: "slot" }],
    steps: [
      lookup,
      {
        label: "if (inode->i_state & I_NEW)",
        if: "found != none && found.NEW",
        then: [
          { label: "the filesystem reads the inode from disk", do: reads },
          protocol.call("unlock-new", { inode: "found" }),
        ],
      },
      ...then,
      { label: "the lookup returns", do: "skip()" },
    ],
  };
}

function createThread(protocol: Protocol, waits: Step): ThreadDeclaration {
  return {
    name: "create",
    description: "a new file gets the number",
    locals: [
      { name: "made", type: "slot" },
      { name: "busy", max: 1 },
    ],
    steps: [
      waits,
      protocol.call("new-inode", { result: "made" }),
      { label: "inode->i_ino = the number", do: "made.ino = 1" },
      protocol.call("create", { inode: "made", result: "busy" }),
      { label: "if (insert_inode_locked(inode) < 0)", if: "busy", then: [{ end: true }] },
      { label: "the new inode of the number is hashed and written", do: "created = 1" },
    ],
  };
}
