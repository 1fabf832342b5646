/** The five methods of every super_operations table, joined with their definitions. */
import type { Filesystem } from "../core/callgraph/filesystem.ts";
import type { Implementation } from "../core/report/finding.ts";

export function listImplementations(filesystems: readonly Filesystem[]): Implementation[] {
  const list: Implementation[] = [];
  for (const { id, table, operations } of filesystems) {
    for (const { operation, functionName, function: fn, binding } of operations.values()) {
      list.push({
        operation,
        function: functionName,
        file: fn?.file.path ?? table.file.path,
        line: fn?.span.line ?? binding.span.line,
        table: { name: table.name, file: table.file.path, line: table.span.line },
        filesystem: id,
        defined: fn !== null,
      });
    }
  }
  return list;
}
