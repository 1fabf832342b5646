/** A new inode is inserted under a number, or given up half-way, while others look the number up. */
import type { VariableDeclaration } from "../race/model.ts";
import type { Fragment } from "./fragment.ts";
import type { ExtractedProtocol } from "./protocol.ts";
import { type Draft, INODE } from "./scenario-draft.ts";
import { type Cast, createThread, discardThread, lookupThread, putThread } from "./scenario-threads.ts";

/** Nothing has the number. */
const FREE_NUMBER: VariableDeclaration = { name: "disk.allocated", initial: 0, max: 1, group: "disk" };

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
    yield {
      id: `two-creates-${create.name}`,
      title: `${create.name}() twice with one number`,
      summary: "The filesystem's map of free numbers is damaged, and gives one number out twice.",
      threads: [createThread(cast, create, newInode, { times: 2, takes: "disk.allocated = 1; disk.gen = 1" })],
      inode: {},
      functions: [create],
      variables: [FREE_NUMBER],
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
