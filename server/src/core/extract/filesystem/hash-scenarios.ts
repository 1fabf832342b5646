/** Code that takes an inode from the hash without a look at I_FREEING, and evictions that nobody wakes up for. */
import { MODES } from "../../analysis/interpreter.ts";
import type { Step } from "../../race/model.ts";
import type { ChainFailure } from "./chain-steps.ts";
import { chainOf, type FindingScope, type Scenario } from "./finding-scope.ts";
import { HASH_LOCK, I_LOCK, LOOKUP_ASSUMPTION, lookupProcedure, startFreeing, unhashAndWake } from "./protocol.ts";
import { treeProtocol, withTreeProtocol } from "./tree-protocol.ts";

/** An evictor against the walker: STATE (a new reference to a dying inode), then UAF. */
export function walkerScenario(scope: FindingScope): Scenario | ChainFailure {
  const { finding, find } = scope;
  const chain = chainOf(
    scope,
    MODES.any,
    (label, source) => [
      {
        do: 'assert(UAF, !found.FREEING, "takes a reference to an inode that is being freed"); found.count++',
        label,
        source,
      },
    ],
    ["found"],
  );
  if ("reason" in chain) return chain;
  const walker = chain.procedures[0]!;
  return {
    summary: "An eviction is under way while code walks the hash, finds the inode and takes a reference.",
    assumptions: chain.assumptions,
    slots: { count: 1, initial: [{ ino: 1, count: 1, hashed: 1 }] },
    locks: [HASH_LOCK, I_LOCK],
    procedures: chain.procedures,
    threads: [
      {
        name: "evictor",
        description: "the last reference is dropped",
        steps: [
          ...startFreeing("A", find),
          { label: "evict(): op->evict_inode(inode)", do: "skip()", ...find("evict", /->evict_inode/) },
          ...unhashAndWake("A", find),
          { label: "destroy_inode(inode): call_rcu()", do: "call_rcu(A)", ...find("evict", /destroy_inode/) },
        ],
      },
      {
        name: "walker",
        description: `${finding.function}()`,
        locals: [{ name: "p", type: "slot" }],
        steps: [
          { label: `${finding.function}() walks the hash`, do: "lock(hash_lock)" },
          { label: "finds an inode of the number", do: "p = find(1)" },
          { label: "if (found)", if: "p != none", then: [{ call: walker.name, with: { inode: "p", found: "p" } }] },
          { label: "the walk ends", do: "unlock(hash_lock)" },
        ],
      },
    ],
    invariants: ["UAF", "STATE"],
  };
}

/** The inode leaves the hash and __I_NEW is not woken: a lookup that sleeps on it sleeps for ever. */
export function wakeScenario(scope: FindingScope): Scenario | ChainFailure {
  const { finding, find } = scope;
  const summary = "A lookup sleeps until the inode is gone; the eviction takes it out of the hash and wakes nobody.";
  const protocol = treeProtocol(scope, false);
  if (protocol !== null) {
    return withTreeProtocol(protocol, {
      own: [],
      operation: "evict",
      assumptions: [],
      variables: [{ name: "built" }, { name: "free_on_disk" }],
      others: [],
      toggles: undefined,
      summary,
      invariants: ["WAKE", "PROG"],
    });
  }
  const [anchor] = finding.chain;
  const unhash: Step[] = unhashAndWake("A", find).filter((_, i) => i < 5);
  return {
    summary,
    assumptions: [LOOKUP_ASSUMPTION],
    variables: [{ name: "built" }],
    slots: { count: 3, initial: [{ ino: 1, count: 1, hashed: 1 }] },
    locks: [HASH_LOCK, I_LOCK],
    procedures: [lookupProcedure(find)],
    threads: [
      {
        name: "evictor",
        description: `${finding.function}()`,
        steps: [
          ...startFreeing("A", find),
          { label: "op->evict_inode(inode)", do: "skip()", ...find("evict", /->evict_inode/) },
          {
            label: `${finding.function}() unhashes the inode`,
            do: "skip()",
            ...(anchor === undefined ? {} : { source: { file: anchor.file, line: anchor.line } }),
          },
          ...unhash,
          {
            label: "no wake-up on this path; destroy_inode(inode)",
            do: "call_rcu(A)",
            ...find("evict", /destroy_inode/),
          },
        ],
      },
      {
        name: "lookup",
        description: "iget_locked() of the same number",
        locals: [{ name: "r", type: "slot" }],
        steps: [{ call: "iget_locked", with: { r: "r" } }],
      },
    ],
    invariants: ["WAKE", "PROG"],
    progress: "deadlock",
  };
}
