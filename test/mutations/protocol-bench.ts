/** All changes of the eviction protocol, and the bench that explores the standard scenarios of a changed tree. */
import { expect } from "vitest";
import { ExtractedProtocol } from "../../server/src/core/extract/protocol.ts";
import { PROTOCOL_OPTIONS, standardScenarios } from "../../server/src/core/extract/standard-scenarios.ts";
import { explore } from "../../server/src/core/race/simulator.ts";
import { PROTOCOL_FILES } from "../support/extraction.ts";
import { benchOfMutations } from "./bench.ts";
import { HARMLESS_CHANGES } from "./protocol-look-alikes.ts";
import { HARMLESS_IDIOMS } from "./protocol-look-alikes-idioms.ts";
import { HARMLESS_LINES } from "./protocol-look-alikes-lines.ts";
import { PROTOCOL_MUTATIONS } from "./protocol-mutations.ts";
import { EVICT_MUTATIONS } from "./protocol-mutations-evict.ts";
import { GUARD_MUTATIONS, HARMLESS_GUARDS } from "./protocol-mutations-guards.ts";
import { LINE_MUTATIONS } from "./protocol-mutations-lines.ts";
import { LOOKUP_MUTATIONS } from "./protocol-mutations-lookup.ts";
import { LOOKUP_LINE_MUTATIONS } from "./protocol-mutations-lookup-lines.ts";
import { LOOKUP_ORDER_MUTATIONS } from "./protocol-mutations-lookup-orders.ts";
import { LOOP_MUTATIONS } from "./protocol-mutations-loops.ts";
import { ORDER_MUTATIONS } from "./protocol-mutations-orders.ts";
import { UMOUNT_MUTATIONS } from "./protocol-mutations-umount.ts";
import { WRITEBACK_MUTATIONS } from "./protocol-mutations-writeback.ts";

export const ALL_MUTATIONS = [
  ...PROTOCOL_MUTATIONS,
  ...LOOKUP_MUTATIONS,
  ...EVICT_MUTATIONS,
  ...WRITEBACK_MUTATIONS,
  ...LOOP_MUTATIONS,
  ...GUARD_MUTATIONS,
  ...LINE_MUTATIONS,
  ...LOOKUP_LINE_MUTATIONS,
  ...ORDER_MUTATIONS,
  ...UMOUNT_MUTATIONS,
  ...LOOKUP_ORDER_MUTATIONS,
];
export const ALL_HARMLESS = [...HARMLESS_CHANGES, ...HARMLESS_GUARDS, ...HARMLESS_LINES, ...HARMLESS_IDIOMS];

/** The standard scenarios of a tree's own fs/inode.c. */
export const protocolBench = benchOfMutations({
  files: PROTOCOL_FILES,
  share: 1 / 3,
  *scenarios(tree) {
    const protocol = new ExtractedProtocol(tree);
    yield* standardScenarios(protocol);
    expect(protocol.failures).toEqual([]);
  },
  explore: (model) => explore(model, PROTOCOL_OPTIONS),
});
