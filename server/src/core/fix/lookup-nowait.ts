/**
 * Replaces a lookup that waits for inodes on their way out by find_inode_nowait() with a match function that passes over
 * them (fs/inode.c). ilookup5_nowait() would not do: it waits for freeing inodes all the same.
 */
import type { GraphNode } from "../analysis/effect-graph.ts";
import { type CallEvent, type CallExpr, MODES } from "../analysis/interpreter.ts";
import type { Body } from "../ir/function-bodies.ts";
import type { FixEdit } from "../query/queries.ts";
import {
  bodyEdit,
  commentStart,
  type FixSite,
  fileEdit,
  fileText,
  freeName,
  indentOf,
  lineStart,
  prefixOf,
} from "./fix-site.ts";
import type { Fixer } from "./fixer.ts";

export const lookupNowait: Fixer = {
  fix: "lookup-nowait",
  rules: ["lookup-under-evict"],
  make(site) {
    const lookups = waitingLookups(site);
    const match = freeName(site, `${prefixOf(site)}_match_live`);
    if (lookups === null || match === null) return null;
    const usesAccessors = site.scope.program.functionsNamed("inode_state_read").length > 0;
    const files = [...new Set(lookups.map(({ body }) => body.file))];
    const edits = [
      ...files.map((file) => {
        const text = fileText(site, file);
        const at = Math.min(...lookups.filter(({ body }) => body.file === file).map(({ body }) => startOf(text, body)));
        return fileEdit(
          file,
          text,
          at,
          at,
          matchFunction(match, usesAccessors),
          "passes over inodes that are being freed",
        );
      }),
      ...lookups.flatMap(({ body, call, reads }) => {
        const args = call.args.slice(0, 2).map((_, i) => argumentText(body, call, i));
        const replaced = `find_inode_nowait(${args.join(", ")}, ${match}, NULL)`;
        const why = "returns NULL for an inode that is being freed, and does not wait";
        return [
          bodyEdit(body, call.at, call.end, replaced, why),
          ...(reads ? [remark(body, call)] : []),
          ...nullChecks(body, call),
        ];
      }),
    ];
    const what = lookups.length === 1 ? "Look it up" : `Look it up in ${lookups.length} places`;
    return {
      title: `${what} without waiting for inodes on their way out (find_inode_nowait())`,
      edits: withoutRepeats(edits),
    };
  },
};

interface Lookup {
  readonly body: Body;
  readonly call: CallExpr;
  /** What is replaced reads an inode that is not in core; find_inode_nowait() does not. */
  readonly reads: boolean;
}

/** Lookups of inodes in core alone, by number. */
const IN_CORE = new Set(["ilookup"]);
/** A macro or function of the filesystem by its name, where its definition does not say what it returns. */
const LOOKS_UP = /iget|ilookup/;
/** More replaced calls than this are no longer a change that somebody reads before taking it. */
const MAX_LOOKUPS = 4;

/** The calls to replace so that no lookup that waits is left behind the finding's; null when they do not do. */
function waitingLookups(site: FixSite): readonly Lookup[] | null {
  const found: Lookup[] = [];
  const isReplaced = (body: Body, call: CallExpr): boolean =>
    found.some((each) => each.body === body && each.call.at === call.at);
  for (;;) {
    const way = wayToLookup(site, isReplaced);
    if (way === null) return found.length === 0 ? null : found;
    const next = found.length === MAX_LOOKUPS ? undefined : way.flatMap((step) => replaceable(site, step) ?? [])[0];
    if (next === undefined) return null;
    found.push(next);
  }
}

interface WayStep {
  readonly body: Body;
  readonly call: CallExpr;
}

/** The shortest way from the finding's call to a lookup that waits, without the calls that are replaced already. */
function wayToLookup(site: FixSite, isReplaced: (body: Body, call: CallExpr) => boolean): readonly WayStep[] | null {
  const root = site.facts.graph(MODES.any).root(site.body.function!);
  if (root === null) return null;
  const ways = new Map<GraphNode, readonly WayStep[]>([[root, []]]);
  for (const [node, way] of ways) {
    const { body } = node.expansion;
    const isNext = ({ call }: CallEvent): boolean =>
      !isReplaced(body, call) && (node !== root || (call.at <= site.at && site.at < call.end));
    for (const { kind, event } of node.effects)
      if (kind === "lookup" && isNext(event)) return [...way, { body, call: event.call }];
    for (const { target, event } of node.edges)
      if (isNext(event) && !ways.has(target)) ways.set(target, [...way, { body, call: event.call }]);
  }
  return null;
}

/**
 * A call that takes a superblock and a number, in one of the filesystem's own functions: what else looks inodes up by what
 * is called there keeps waiting. Never the iget_locked() of a function that goes on to read the inode: everybody else
 * needs that.
 */
function replaceable(site: FixSite, { body, call }: WayStep): Lookup | null {
  const { scope, facts } = site;
  if (!facts.filesystem.owns(body.file) || body.function === null) return null;
  if (call.callee.k !== "id" || call.args.length < 2 || !takesSuperblock(site, body, call)) return null;
  const { name } = call.callee;
  if (IN_CORE.has(name)) return { body, call, reads: false };
  if (scope.engine.knowledge.functions.has(name)) return null;
  const target = scope.engine.lookup.direct(name, body.file);
  const callee = target?.kind === "function" ? scope.engine.bodies.of(target.function) : null;
  const returns = callee?.ir.returns;
  const isLookup = returns === undefined ? LOOKS_UP.test(name) : returns.struct === "inode" && returns.pointers === 1;
  return isLookup ? { body, call, reads: true } : null;
}

function takesSuperblock(site: FixSite, body: Body, call: CallExpr): boolean {
  const first = call.args[0];
  return first !== undefined && site.scope.engine.types.structOf(first, body)?.tag === "super_block";
}

/** Said in the code, since it is for its author to judge. */
function remark(body: Body, call: CallExpr) {
  const at = lineStart(body.text, call.at);
  const comment = "/* Of inodes in core only: one that is not there, or on its way out, is passed over. */";
  const why = "what was replaced read the inode from disk: decide whether that is needed here";
  return bodyEdit(body, at, at, `${indentOf(body.text, call.at)}${comment}\n`, why);
}

/** Arguments as the source writes them: split at the commas outside of brackets. */
function argumentText(body: Body, call: CallExpr, index: number): string {
  const text = body.text.slice(call.at, call.end);
  const open = text.indexOf("(");
  const parts: string[] = [];
  let depth = 0;
  let from = open + 1;
  for (let i = open; i < text.length; i++) {
    const c = text[i]!;
    if (c === "(" || c === "[" || c === "{") depth++;
    else if (c === ")" || c === "]" || c === "}") depth--;
    if ((c === "," && depth === 1) || depth === 0) {
      parts.push(text.slice(from, i).trim());
      from = i + 1;
      if (depth === 0) break;
    }
  }
  return parts[index] ?? "";
}

/** The lookup no longer returns error pointers, but NULL: tests of its result take both. */
function nullChecks(body: Body, call: CallExpr) {
  const before = body.text.slice(lineStart(body.text, call.at), call.at);
  const variable = /(\w+)\s*=\s*$/.exec(before)?.[1];
  if (variable === undefined) return [];
  return [...body.text.slice(call.end).matchAll(new RegExp(`\\bIS_ERR\\(${variable}\\)`, "g"))].map((match) => {
    const at = call.end + match.index;
    return bodyEdit(
      body,
      at,
      at + match[0].length,
      `IS_ERR_OR_NULL(${variable})`,
      "find_inode_nowait() returns NULL where it finds nothing",
    );
  });
}

/** Tests of one result stand behind both calls that may give it. */
function withoutRepeats(edits: readonly FixEdit[]): FixEdit[] {
  return [...new Map(edits.map((edit) => [`${edit.file} ${JSON.stringify(edit.span)} ${edit.text}`, edit])).values()];
}

function startOf(text: string, body: Body): number {
  let start = 0;
  for (let line = 1; line < body.line; line++) start = text.indexOf("\n", start) + 1;
  return commentStart(text, start);
}

function matchFunction(name: string, usesAccessors: boolean): string {
  const state = usesAccessors ? "inode_state_read(inode)" : "inode->i_state";
  return `/* For find_inode_nowait(), which leaves it to its caller to pass over inodes that are on their way out. */
static int ${name}(struct inode *inode, unsigned long ino, void *data)
{
	int found = -1;

	if (inode->i_ino != ino)
		return 0;
	spin_lock(&inode->i_lock);
	if (!(${state} & (I_FREEING | I_WILL_FREE | I_NEW))) {
		__iget(inode);
		found = 1;
	}
	spin_unlock(&inode->i_lock);
	return found;
}

`;
}
