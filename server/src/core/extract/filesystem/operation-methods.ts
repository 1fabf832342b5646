/** Where the steps of a finding's operation stand among the methods that generic code calls. */

import type { Filesystem } from "../../callgraph/filesystem.ts";
import type { Step } from "../../race/model.ts";
import type { EvictionOperation } from "../../report/finding.ts";
import { ALWAYS_DROPS, dropsUnlinked } from "./drops-unlinked.ts";
import type { FindingScope } from "./finding-scope.ts";
import { FREES, type Methods, plainEvict } from "./protocol-scenario.ts";
import type { Bindings, Protocol } from "./tree-protocol.ts";

export function dropOf(filesystem: Filesystem | null): Bindings["drop"] {
  const drop = filesystem?.operations.get("drop_inode");
  if (drop === undefined) return "generic";
  return ALWAYS_DROPS.has(drop.functionName) ? "always" : "own";
}

export function bindingsOf({ finding, filesystem }: FindingScope): Partial<Bindings> {
  const { operation } = finding;
  return {
    drop: operation === "drop_inode" ? "own" : dropOf(filesystem),
    hasDestroy: operation === "destroy_inode" || operation === "free_inode",
  };
}

/** The methods of a filesystem, with `own` in that of the finding's operation. */
export function methodsWith(scope: FindingScope, protocol: Protocol, own: readonly Step[]): Methods {
  const { finding } = scope;
  const drop = eitherAnswer(scope);
  switch (finding.operation) {
    case "evict_inode":
    case "evict_inode_async":
      return { evict: plainEvict(protocol, own), drop };
    case "destroy_inode":
    case "free_inode":
      return { destroy: [...own, FREES], drop };
    case "drop_inode":
      return { drop: [...withoutLock(own), ...drop] };
    default:
      return { drop };
  }
}

/** The filesystem's own decision whether to keep the inode. One that somebody has got meanwhile is kept. */
export function eitherAnswer({
  engine,
  filesystem,
  find,
}: Pick<FindingScope, "engine" | "filesystem" | "find">): Step[] {
  const name = filesystem?.operations.get("drop_inode")?.functionName ?? "->drop_inode";
  const says = (answer: number, value: string): Step[] => [
    { label: `${name}() returns ${answer}`, do: `result = ${value}`, ...find("iput_final", /drop_inode/) },
  ];
  const either: Step = { choose: [says(1, "inode.count == 0"), says(0, "0")] };
  if (!dropsUnlinked(engine, filesystem)) return [either];
  const test = { label: "if (!inode->i_nlink)", if: "inode.nlink == 0", ...find("iput_final", /drop_inode/) };
  return [{ ...test, then: says(1, "inode.count == 0"), else: [either] }];
}

/** iput_final() calls ->drop_inode under i_lock; what sleeps has given it up, and holds a reference meanwhile. */
function withoutLock(own: readonly Step[]): Step[] {
  return [
    { label: "->drop_inode takes a reference and gives up i_lock", do: "inode.count++; unlock(i_lock[inode])" },
    ...own,
    { label: "->drop_inode takes i_lock again", do: "lock(i_lock[inode])" },
    { label: "and drops the reference", do: "inode.count--" },
  ];
}

/** Evictions by way of ->evict_inode_async are run by the tree's way for ->evict_inode. */
export function asyncAssumption(operation: EvictionOperation | string): string[] {
  return operation === "evict_inode_async"
    ? ["->evict_inode_async is called where ->evict_inode would be, and completes the eviction"]
    : [];
}
