/** Which filesystems' eviction reaches which functions: noted while each is reviewed, so that a question is a look-up. */
import type { FilesystemFacts } from "../analysis/filesystem-facts.ts";
import { MODES } from "../analysis/interpreter.ts";
import type { Filesystem } from "../callgraph/filesystem.ts";
import type { FunctionRef } from "../callgraph/program.ts";

export class ReachIndex {
  /** Filesystem and table -> functions; they stay the same while their files are edited. */
  readonly #reached = new Map<string, ReadonlySet<FunctionRef>>();

  /** Takes what a filesystem's graphs hold; asked for once its rules have run, nothing is solved for it alone. */
  record(facts: FilesystemFacts): void {
    const functions = new Set<FunctionRef>();
    for (const mode of [MODES.reclaim, MODES.any]) {
      for (const { expansion } of facts.graph(mode).nodes.values()) {
        const { body } = expansion;
        if (body.function !== null) functions.add(body.function);
      }
    }
    this.#reached.set(filesystemKey(facts.filesystem), functions);
  }

  reaches(filesystem: Filesystem, fn: FunctionRef): boolean {
    return this.#reached.get(filesystemKey(filesystem))?.has(fn) ?? false;
  }
}

export function filesystemKey(filesystem: Filesystem): string {
  return `${filesystem.id}|${filesystem.table.name}`;
}
