/** Threads that several scenarios have: who drops the last reference of inode A, and who comes for its number meanwhile. */
import type { Step, ThreadDeclaration } from "../../race/model.ts";
import { eitherLinkCount } from "./protocol.ts";
import type { Protocol } from "./tree-protocol.ts";

export function evictorThread(protocol: Protocol): ThreadDeclaration {
  return {
    name: "evictor",
    description: "the last reference of the inode is dropped",
    steps: [eitherLinkCount("A"), protocol.call("put", { inode: "A" })],
  };
}

/** Gets number 1, reads it from disk where nobody has (`reads`), and does `then` with what it has got (`found`). */
export function lookupThread(protocol: Protocol, reads = "built = 1", then: readonly Step[] = []): ThreadDeclaration {
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

/** Makes a new file once the number is free (`waits`), and gives up where an inode of the number is in use. */
export function createThread(protocol: Protocol, waits: Step): ThreadDeclaration {
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
