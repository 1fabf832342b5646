/** A new inode is inserted under a number, or given up half-way, while others look the number up. */
import type { VariableDeclaration } from "../race/model.ts";
import type { Fragment } from "./fragment.ts";
import type { ExtractedProtocol } from "./protocol.ts";
import { type Draft, INODE, UNMOUNTING } from "./scenario-draft.ts";
import { type Cast, createThread, discardThread, failingThread, lookupThread, putThread } from "./scenario-threads.ts";

/** Nothing has the number. */
const FREE_NUMBER: VariableDeclaration = { name: "disk.allocated", initial: 0, max: 1, group: "disk" };

/** The filesystem's map of free numbers is damaged: the number is given out whoever has it. */
const GIVEN_TWICE = "disk.allocated = 1; disk.gen = 1";

const IN_USE = new Map([
  [
    "unlink-against-create",
    {
      summary:
        "The filesystem's map of free numbers is damaged, and gives out the number of an inode that is unlinked.",
      inode: { ...INODE, gen: 1, nlink: 0 },
      variables: [],
    },
  ],
  [
    "put-at-umount-against-create",
    {
      summary:
        "The same for the number of a linked inode that is not to be cached: its last put writes it back before it evicts.",
      inode: { ...INODE, gen: 1 },
      variables: [UNMOUNTING],
    },
  ],
]);

/** `builders`: the lookups that make an inode that they do not find; `seekers`: those that do not. */
export function* createDrafts(
  protocol: ExtractedProtocol,
  cast: Cast,
  builders: readonly Fragment[],
  seekers: readonly Fragment[],
): Iterable<Draft> {
  const newInode = protocol.first("new-inode");
  if (newInode === null) return;
  const creates = protocol.all("create");
  const discard = protocol.first("discard");
  const fail = protocol.first("fail");
  const [builder] = builders;
  for (const [index, create] of creates.entries()) {
    // insert_inode_locked4() goes with iget5_locked().
    const finders = index === 0 ? [...builders, ...seekers] : builders.slice(1, 2);
    if (discard !== null)
      for (const finder of finders)
        yield {
          id: index === 0 ? `discard-against-${finder.name}` : `discard-of-${create.name}-against-${finder.name}`,
          title: `${discard.name}() after ${create.name}() against ${finder.name}()`,
          summary: "A create fails half-way; its inode was in the hash and is looked up by an old file handle.",
          threads: [discardThread(cast, create, newInode, discard), lookupThread(cast, finder)],
          inode: {},
          functions: [create, discard, finder],
          variables: [FREE_NUMBER],
        };
    if (index === 0 && builder !== undefined)
      yield {
        id: `lookup-against-create-${create.name}`,
        title: `${builder.name}() against ${create.name}() of the same number`,
        summary: "A number is taken for a new file while somebody looks it up by an old file handle.",
        threads: [lookupThread(cast, builder), createThread(cast, create, newInode)],
        inode: {},
        functions: [builder, create],
        variables: [FREE_NUMBER],
      };
    if (index === 0 && builder !== undefined && fail !== null)
      yield {
        id: `failed-read-against-${create.name}`,
        title: `${fail.name}() of ${builder.name}() against ${create.name}() of the same number`,
        summary: "A lookup by an old file handle cannot read its inode and gives it up; a new file takes the number.",
        threads: [failingThread(cast, builder, fail), createThread(cast, create, newInode)],
        inode: {},
        functions: [builder, fail, create],
        variables: [FREE_NUMBER],
      };
    yield {
      id: `two-creates-${create.name}`,
      title: `${create.name}() twice with one number`,
      summary: "The filesystem's map of free numbers is damaged, and gives one number out twice.",
      threads: [createThread(cast, create, newInode, { times: 2, takes: GIVEN_TWICE })],
      inode: {},
      functions: [create],
      variables: [FREE_NUMBER],
    };
    for (const [id, { summary, inode, variables }] of IN_USE)
      yield {
        id: `${id}-${create.name}`,
        title: `${cast.put.name}() against ${create.name}() of a number that is in use`,
        summary,
        threads: [putThread(cast, "put"), createThread(cast, create, newInode, { takes: GIVEN_TWICE })],
        inode,
        functions: [cast.put, create],
        // The number has two inodes.
        without: ["UNIQ"],
        variables: [...variables, { name: "disk.gen", initial: 1, max: 3, group: "disk" }],
      };
    yield {
      id: `evict-against-create-${create.name}`,
      title: `${cast.put.name}() evicts against ${create.name}()`,
      summary: "An unlinked inode is evicted; its number is taken again while the old inode is still in the hash.",
      threads: [putThread(cast, "unlink"), createThread(cast, create, newInode)],
      inode: { ...INODE, nlink: 0 },
      functions: [cast.put, create],
    };
  }
}
