/** Code that takes an inode from the hash without a look at I_FREEING, and evictions that nobody wakes up for. */
import { MODES } from "../../analysis/interpreter.ts";
import type { Step } from "../../race/model.ts";
import type { ChainFailure } from "./chain-steps.ts";
import { chainOf, type FindingScope, type Scenario } from "./finding-scope.ts";
import { HASH_LOCK, startFreeing, unhashAndWake } from "./protocol.ts";
import { onProtocol } from "./protocol-scenario.ts";
import { evictorThread, lookupPartner } from "./protocol-threads.ts";
import { Protocol } from "./tree-protocol.ts";

/** An evictor against the walker: STATE (a new reference to a dying inode), then UAF. */
export function walkerScenario(scope: FindingScope): Scenario | ChainFailure {
  const { finding } = scope;
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
  const protocol = new Protocol(scope, { drop: "always" });
  return onProtocol({
    summary: "An eviction is under way while code walks the hash, finds the inode and takes a reference.",
    protocols: [protocol],
    methods: [{}],
    own: chain.procedures,
    assumptions: chain.assumptions,
    slots: { count: 1, initial: [{ ino: 1, count: 1, hashed: 1, on_sb: 1 }] },
    locks: [HASH_LOCK],
    threads: [
      evictorThread(protocol),
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
  });
}

/** The inode leaves the hash and __I_NEW is not woken: a lookup that sleeps on it sleeps for ever. */
export function wakeScenario(scope: FindingScope): Scenario | ChainFailure {
  const protocol = new Protocol(scope, { drop: "always", slots: 3 });
  const { name } = protocol.fragment("put");
  const lookup = lookupPartner(scope, protocol);
  return onProtocol({
    summary: "A lookup sleeps until the inode is gone; the eviction takes it out of the hash and wakes nobody.",
    protocols: [protocol],
    methods: [{}],
    own: lookup.procedures,
    assumptions: lookup.assumptions,
    variables: [{ name: "built" }],
    slots: { count: 3, initial: [{ ino: 1, count: 1, hashed: 1, on_sb: 1 }] },
    threads: [protocol.written.has(name) ? sleepingEvictor(scope) : evictorThread(protocol), lookup.thread],
    invariants: ["WAKE", "PROG"],
  });
}

/** What the rule says of an evict() that cannot be lowered. */
function sleepingEvictor({ finding, find }: FindingScope): { name: string; description: string; steps: Step[] } {
  const [anchor] = finding.chain;
  return {
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
      ...unhashAndWake("A", find).slice(0, 5),
      { label: "no wake-up on this path; destroy_inode(inode)", do: "call_rcu(A)", ...find("evict", /destroy_inode/) },
    ],
  };
}
