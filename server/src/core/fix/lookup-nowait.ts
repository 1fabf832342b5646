/**
 * Replaces a lookup that waits for inodes on their way out by find_inode_nowait() with a match function that passes over
 * them (fs/inode.c). ilookup5_nowait() would not do: it waits for freeing inodes all the same.
 */
import { type CallExpr, MODES } from "../analysis/interpreter.ts";
import type { Body } from "../ir/function-bodies.ts";
import { positionIn } from "../ir/function-bodies.ts";
import type { Expr } from "../ir/ir.ts";
import { callsIn } from "../rules/walk-steps.ts";
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
    const found = waitingLookup(site);
    if (found === null) return null;
    const { body, call, reads } = found;
    const match = freeName(site, `${prefixOf(site)}_match_live`);
    if (match === null || body.function === null) return null;
    const text = fileText(site, body.file);
    const usesAccessors = site.scope.program.functionsNamed("inode_state_read").length > 0;
    const at = functionStart(text, body);
    const args = call.args.slice(0, 2).map((arg, i) => argumentText(body, call, arg, i));
    const replaced = `find_inode_nowait(${args.join(", ")}, ${match}, NULL)`;
    return {
      title: "Look it up without waiting for inodes on their way out (find_inode_nowait())",
      edits: [
        fileEdit(
          body.file,
          text,
          at,
          at,
          matchFunction(match, usesAccessors),
          "passes over inodes that are being freed",
        ),
        bodyEdit(body, call.at, call.end, replaced, "returns NULL for an inode that is being freed, and does not wait"),
        ...(reads ? [remark(body, call)] : []),
        ...nullChecks(body, call),
      ],
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

/**
 * The outermost call on the finding's chain that takes a superblock and a number, in one of the filesystem's own
 * functions: what else looks inodes up by what is called there keeps waiting. Never the iget_locked() of a function that
 * goes on to read the inode: everybody else needs that.
 */
function waitingLookup(site: FixSite): Lookup | null {
  const { scope, facts, subject } = site;
  const graph = facts.graph(MODES.reclaim);
  for (const link of subject.chain) {
    for (const node of graph.nodes.values()) {
      const { body } = node.expansion;
      if (body.name !== link.function || body.file.path !== link.file || !facts.filesystem.owns(body.file)) continue;
      for (const step of body.ir.steps)
        for (const call of callsIn(step)) {
          if (call.callee.k !== "id" || call.args.length < 2) continue;
          if (positionIn(body, call.at).line !== link.line || !takesSuperblock(site, body, call)) continue;
          const { name } = call.callee;
          if (IN_CORE.has(name)) return { body, call, reads: false };
          if (scope.engine.knowledge.functions.has(name)) continue;
          const target = scope.engine.lookup.direct(name, body.file);
          const callee = target?.kind === "function" ? scope.engine.bodies.of(target.function) : null;
          const returns = callee?.ir.returns;
          if (returns === undefined ? LOOKS_UP.test(name) : returns.struct === "inode" && returns.pointers === 1)
            return { body, call, reads: true };
        }
    }
  }
  return null;
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
function argumentText(body: Body, call: CallExpr, _arg: Expr, index: number): string {
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

function functionStart(text: string, body: Body): number {
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
