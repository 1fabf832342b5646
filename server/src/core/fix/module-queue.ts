/**
 * A workqueue that exists before a module's first mount and is gone after its last: made in front of the function that
 * the module begins with, destroyed when that one fails and behind the one that it ends with. Functions around the
 * two, not lines in them: a ladder of clean-ups has as many forms as there are modules, and a step that is left
 * out of it leaks the queue.
 */
import type { SourceFile } from "../callgraph/program.ts";
import type { FixEdit } from "../query/queries.ts";
import { commentStart, type FixSite, fileEdit, freeName } from "./fix-site.ts";

/** The edits, or null where the file has no such function, or the names are taken. `prefix` begins the new names. */
export function moduleQueue(
  site: FixSite,
  file: SourceFile,
  text: string,
  queue: string,
  prefix: string,
): FixEdit[] | null {
  const begin = callbackOf(text, BEGINS, "int");
  if (begin === null) return null;
  const begins = freeName(site, `${prefix}_evict_wq_init`);
  const ends = freeName(site, `${prefix}_evict_wq_exit`);
  if (begins === null || ends === null) return null;
  const made = around(
    file,
    text,
    begin,
    begins,
    initText({ queue, prefix, name: begins, inner: begin.name }),
    "the queue exists before the first mount, and not at all when the module does not load",
  );
  // Without module_exit() a module cannot be unloaded: delete_module() refuses it (kernel/module/main.c).
  const end = callbackOf(text, ENDS, "void");
  if (end === null) return /^\s*module_exit\s*\(/m.test(text) ? null : made;
  return [
    ...made,
    ...around(
      file,
      text,
      end,
      ends,
      exitText({ queue, name: ends, inner: end.name }),
      "every superblock has drained it",
    ),
  ];
}

/** include/linux/init.h and module.h: what registers the function that a module, or a part of the kernel, begins with. */
const BEGINS =
  /^[ \t]*(?:module_init|(?:core|postcore|arch|subsys|fs|rootfs|device|late)_initcall)(?:_sync)?[ \t]*\([ \t]*(\w+)[ \t]*\)/m;
const ENDS = /^[ \t]*module_exit[ \t]*\([ \t]*(\w+)[ \t]*\)/m;

interface Callback {
  readonly name: string;
  /** Where the name stands in the line that registers it. */
  readonly at: number;
}

/** The function that a line registers, when this file defines it. */
function callbackOf(text: string, registers: RegExp, type: string): Callback | null {
  const match = registers.exec(text);
  const name = match?.[1];
  if (match === null || name === undefined) return null;
  const isDefined = new RegExp(`^(?:static\\s+)?${type}\\s+(?:__init\\s+|__exit\\s+)?${name}\\s*\\(`, "m").test(
    text.slice(0, match.index),
  );
  return isDefined ? { name, at: match.index + match[0].lastIndexOf(name) } : null;
}

/** A function in front of the line that registers another, and its name in that line instead of the other's. */
function around(file: SourceFile, text: string, { name, at }: Callback, wrapper: string, code: string, why: string) {
  const before = commentStart(text, at);
  return [
    fileEdit(file, text, before, before, code, why),
    fileEdit(file, text, at, at + name.length, wrapper, `calls ${name}()`),
  ];
}

interface Wrapped {
  readonly queue: string;
  readonly name: string;
  readonly inner: string;
}

function initText({ queue, prefix, name, inner }: Wrapped & { readonly prefix: string }): string {
  return `/* The queue is there before the first mount. */
static int __init ${name}(void)
{
	int err;

	${queue} = alloc_workqueue("${prefix}-evict", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!${queue})
		return -ENOMEM;
	err = ${inner}();
	if (err)
		destroy_workqueue(${queue});
	return err;
}

`;
}

function exitText({ queue, name, inner }: Wrapped): string {
  return `/* Each umount has drained the queue. */
static void __exit ${name}(void)
{
	${inner}();
	destroy_workqueue(${queue});
}

`;
}
