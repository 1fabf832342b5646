/**
 * Marks inodes as hard to reclaim ("fs: Deferred inode reclaim", Jan Kara, RFC of 2026-04-29): reclaim hands such an inode to a
 * worker instead of evicting it. The flag is raised while the inode is set up, where nobody else has it: reclaim
 * that classifies an inode must not see the flag change. In the RFC filesystems do it at the first modification.
 */
import { type CallEvent, MODES } from "../analysis/interpreter.ts";
import type { SourceFile } from "../callgraph/program.ts";
import type { FixEdit } from "../query/queries.ts";
import type { AstNode } from "../syntax/ast.ts";
import {
  addIncludes,
  commentStart,
  type FixSite,
  fileEdit,
  fileText,
  freeName,
  lineStart,
  ownFiles,
  prefixOf,
} from "./fix-site.ts";
import type { Fixer } from "./fixer.ts";
import { MEMALLOC_RULES } from "./fixer.ts";
import { callStatements, guardCalls } from "./guard-calls.ts";

/** The RFC's working name. */
const FLAG = "I_RECLAIM_HARD";

export const markHard: Fixer = {
  fix: "mark-hard-to-reclaim",
  rules: MEMALLOC_RULES,
  make(site) {
    if (site.operation.name !== "evict_inode") return null;
    const places = callStatements(site);
    const name = freeName(site, `${prefixOf(site)}_mark_reclaim_hard`);
    const setUp = findSetUp(site);
    if (places === null || name === null || setUp === null) return null;
    if (places.some(({ node }) => isOwedToEvict(site, node))) return null;
    const { body } = site;
    const guarded = guardCalls(
      site,
      places,
      (call) => ["if (!WARN_ON_ONCE(current->flags & PF_MEMALLOC))", `\t${call}`],
      "an inode that is hard to reclaim is evicted by a worker, never by reclaim",
    );
    const usesAccessors = site.scope.program.functionsNamed("inode_state_set").length > 0;
    const edits: FixEdit[] = [
      ...addIncludes(body.file, fileText(site, body.file), ["linux/sched.h"]),
      ...guarded,
      fileEdit(
        setUp.file,
        setUp.text,
        setUp.functionAt,
        setUp.functionAt,
        markFunction(name, usesAccessors),
        "raises the flag",
      ),
      fileEdit(
        setUp.file,
        setUp.text,
        setUp.at,
        setUp.at,
        `${setUp.indent}${name}(${setUp.inode});\n`,
        "nobody else has the inode yet",
      ),
    ];
    const known = site.scope.program.macrosNamed(FLAG).length > 0;
    return {
      title: `Mark its inodes hard to reclaim (${FLAG})${known ? "" : ": this tree does not have the flag (RFC of 2026)"}`,
      edits,
    };
  },
};

/** Without what these do evict() stops the machine: no way through ->evict_inode may leave them out. */
const OWED: ReadonlySet<string> = new Set(["truncate", "clear"]);

function isOwedToEvict(site: FixSite, statement: AstNode): boolean {
  const root = site.facts.graph(MODES.reclaim).root(site.body.function!);
  if (root === null) return true;
  const isIn = ({ call }: CallEvent): boolean => statement.start <= call.at && call.at < statement.end;
  if (root.effects.some(({ kind, event }) => OWED.has(kind) && isIn(event))) return true;
  const below = new Set(root.edges.filter(({ event }) => isIn(event)).map(({ target }) => target));
  for (const node of below) {
    if (node.effects.some(({ kind }) => OWED.has(kind))) return true;
    for (const { target } of node.edges) below.add(target);
  }
  return false;
}

interface SetUp {
  readonly file: SourceFile;
  readonly text: string;
  /** Start of the line of unlock_new_inode(). */
  readonly at: number;
  readonly indent: string;
  readonly inode: string;
  readonly functionAt: number;
}

/** A function that looks an inode up or makes it, and fills a new one in. */
const READS_INODES = /\b\w*iget\w*_locked\(/;

/** Where the filesystem publishes an inode that it read: the last `unlock_new_inode(inode)` of its iget. */
function findSetUp(site: FixSite): SetUp | null {
  for (const file of ownFiles(site)) {
    const text = fileText(site, file);
    for (const fn of file.functions) {
      const { body, end, start } = fn.span;
      const code = text.slice(body, end);
      const match = READS_INODES.test(code)
        ? [...code.matchAll(/^([ \t]+)unlock_new_inode\((\w+)\);/gm)].pop()
        : undefined;
      if (match === undefined) continue;
      const at = lineStart(text, body + match.index + match[1]!.length);
      const functionAt = commentStart(text, start);
      return { file, text, at, indent: match[1]!, inode: match[2]!, functionAt };
    }
  }
  return null;
}

function markFunction(name: string, usesAccessors: boolean): string {
  const set = usesAccessors ? `inode_state_set(inode, ${FLAG});` : `inode->i_state |= ${FLAG};`;
  return `/*
 * Evicting this inode needs more than memory to be freed: reclaim is to hand it to a worker. Only for an inode that
 * somebody holds, so that reclaim cannot be looking at it.
 */
static void ${name}(struct inode *inode)
{
	spin_lock(&inode->i_lock);
	${set}
	spin_unlock(&inode->i_lock);
}

`;
}
