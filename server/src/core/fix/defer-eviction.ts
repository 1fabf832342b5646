/**
 * The skeleton of a deferred eviction: ->evict_inode_async (proposed 2025-04-08 by Dave Chinner) with a work item in the
 * filesystem's inode, a queue with a rescuer, the completion, and the drain at umount. The inode stays hashed and
 * I_FREEING until the worker is done, so that a lookup waits for it.
 */
import type { SourceFile } from "../callgraph/program.ts";
import type { FixEdit } from "../query/queries.ts";
import {
  addIncludes,
  commentStart,
  type FixSite,
  fileEdit,
  fileText,
  freeName,
  lineEnd,
  lineStart,
  ownFiles,
  prefixOf,
} from "./fix-site.ts";
import type { Fixer } from "./fixer.ts";
import { RECLAIM_RULES } from "./fixer.ts";
import { moduleQueue } from "./module-queue.ts";

export const deferEviction: Fixer = {
  fix: "defer-eviction",
  rules: RECLAIM_RULES,
  make(site) {
    const { filesystem } = site.facts;
    if (site.operation.name !== "evict_inode" || filesystem.operations.has("evict_inode_async")) return null;
    const container = findContainer(site);
    const file = filesystem.table.file;
    const text = fileText(site, file);
    const prefix = prefixOf(site);
    const names = [`${prefix}_evict_worker`, `${prefix}_evict_inode_async`].map((name) => freeName(site, name));
    const [worker, method] = names;
    if (container === null || worker == null || method == null) return null;
    const binding = tableBinding(text, site);
    if (binding === null) return null;
    const queue = `${prefix}_evict_wq`;
    const drain = addDrain(site, file, text, queue, prefix);
    const lifetime = moduleQueue(site, file, text, queue, prefix);
    if (drain === null || lifetime === null) return null;
    const tableAt = commentStart(text, filesystem.table.span.start);
    const queueAt = Math.min(tableAt, drain.usedAt);
    const code = skeleton({ prefix, queue, worker, method, evict: site.body.name, container }) + drain.function;
    const edits: FixEdit[] = [
      ...addIncludes(file, text, ["linux/sched.h", "linux/workqueue.h"]),
      ...(container.file === file ? [] : addIncludes(container.file, container.text, ["linux/workqueue.h"])),
      fileEdit(
        container.file,
        container.text,
        container.memberAt,
        container.memberAt,
        "\tstruct work_struct evict_work;\n",
        "the work item: reclaim must not allocate one",
      ),
      fileEdit(
        file,
        text,
        queueAt,
        queueAt,
        queueText(queue),
        "the queue, with a rescuer: it works when no memory is left",
      ),
      fileEdit(file, text, tableAt, tableAt, code, "the method and its worker"),
      fileEdit(file, text, binding.start, binding.end, `.evict_inode_async = ${method}`, "evict() calls it instead"),
      ...drain.edits,
      ...lifetime,
    ];
    const lacks = site.scope.engine.types.membersOf("super_operations")?.has("evict_inode_async") !== true;
    return {
      title: `Convert to deferred eviction: ->evict_inode_async skeleton${lacks ? " (this tree does not have the method: proposal of 2025)" : ""}`,
      edits,
    };
  },
};

interface Container {
  readonly struct: string;
  readonly member: string;
  readonly file: SourceFile;
  readonly text: string;
  /** Where a member can be added beside the inode: the start of a line. */
  readonly memberAt: number;
}

/** The filesystem's own struct around struct inode. */
export function findContainer(site: FixSite): Container | null {
  for (const file of ownFiles(site)) {
    const text = fileText(site, file);
    for (const span of file.skeleton.structs) {
      const body = text.slice(span.start, span.end);
      const member = /^[ \t]*struct[ \t]+inode[ \t]+(\w+)[ \t]*;/m.exec(body);
      const struct = site.scope.program.names.text(span.name);
      if (member === null || struct === "") continue;
      const inodeAt = lineStart(text, span.start + member.index + member[0].search(/\S/));
      // Code that casts between the two relies on the inode being first: then the work item follows it.
      const isFirst = !/;/.test(text.slice(span.start, inodeAt));
      return { struct, member: member[1]!, file, text, memberAt: isFirst ? lineEnd(text, inodeAt) : inodeAt };
    }
  }
  return null;
}

/** `.evict_inode = foofs_evict_inode` in the table, without the comma. */
function tableBinding(text: string, site: FixSite): { readonly start: number; readonly end: number } | null {
  const { start, end } = site.facts.filesystem.table.span;
  const match = new RegExp(`\\.evict_inode\\s*=\\s*&?${site.body.name}\\b`).exec(text.slice(start, end));
  return match === null ? null : { start: start + match.index, end: start + match.index + match[0].length };
}

interface Drain {
  /** A new ->put_super, where the filesystem has none. */
  readonly function: string;
  readonly edits: readonly FixEdit[];
  /** Where the code that uses the queue begins. */
  readonly usedAt: number;
}

const DRAIN_COMMENT =
  "/* evict_inodes() has run: what reclaim punted is all that is left, and it uses what follows frees. */";

function addDrain(site: FixSite, file: SourceFile, text: string, queue: string, prefix: string): Drain | null {
  const { table } = site.facts.filesystem;
  const bound = table.bindings.find((each) => each.field === "put_super");
  if (bound !== undefined) {
    const fn = site.scope.engine.lookup.functionValue(bound.target, file);
    if (fn === null || fn.file !== file) return null;
    const open = text.indexOf("{", fn.span.body - 1);
    const at = firstStatement(text, open);
    const inserted = `\t${DRAIN_COMMENT}\n\tflush_workqueue(${queue});\n`;
    return {
      usedAt: commentStart(text, fn.span.start),
      function: "",
      edits: [fileEdit(file, text, at, at, inserted, "umount waits for the workers")],
    };
  }
  const name = freeName(site, `${prefix}_put_super`);
  if (name === null) return null;
  const made = `static void ${name}(struct super_block *sb)
{
	${DRAIN_COMMENT}
	flush_workqueue(${queue});
}

`;
  // Behind the last entry of the table.
  const close = text.lastIndexOf("}", table.span.end);
  const at = lineStart(text, close);
  return {
    usedAt: text.length,
    function: made,
    edits: [fileEdit(file, text, at, at, `\t.put_super = ${name},\n`, "umount waits for the workers")],
  };
}

/** Behind the declarations: the first line that is blank, or that is no declaration. */
function firstStatement(text: string, open: number): number {
  let at = text.indexOf("\n", open) + 1;
  for (;;) {
    const end = text.indexOf("\n", at);
    const line = text.slice(at, end);
    if (/^\t(?:const\s+|unsigned\s+)*(?:struct\s+\w+|int|long|bool|char|u\d+|unsigned)\s+\**\w+/.test(line))
      at = end + 1;
    else return /^\s*$/.test(line) ? end + 1 : at;
  }
}

function queueText(queue: string): string {
  return `/* Evictions that reclaim started. Its rescuer works when no memory is left for a new kworker. */
static struct workqueue_struct *${queue};

`;
}

interface Names {
  readonly prefix: string;
  readonly queue: string;
  readonly worker: string;
  readonly method: string;
  readonly evict: string;
  readonly container: Container;
}

function skeleton({ queue, worker, method, evict, container: { struct, member } }: Names): string {
  return `/* In a kworker, without PF_MEMALLOC: it may allocate, start transactions and wait. */
static void ${worker}(struct work_struct *work)
{
	struct ${struct} *info = container_of(work, struct ${struct}, evict_work);
	struct inode *inode = &info->${member};

	${evict}(inode);
	/* Unhashes the inode, wakes those who wait for it, and destroys it. */
	evict_inode_complete(inode);
}

/*
 * True: done. False: punted. The inode stays hashed and I_FREEING, so that a lookup of its number waits for the
 * worker instead of building a second inode.
 */
static bool ${method}(struct inode *inode)
{
	struct ${struct} *info = container_of(inode, struct ${struct}, ${member});

	if (!(current->flags & PF_MEMALLOC)) {
		${evict}(inode);
		return true;
	}

	/* What needs no more than memory to be freed can be done right here instead. */
	INIT_WORK(&info->evict_work, ${worker});
	queue_work(${queue}, &info->evict_work);
	return false;
}

`;
}
