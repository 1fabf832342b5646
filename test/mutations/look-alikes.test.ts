/** Changes of Linux 6.12's eviction protocol that look like one of its mistakes and break nothing: nothing is found. */
import { test } from "vitest";
import { describeWith, pathOf } from "../support/requirements.ts";
import { named } from "./bench.ts";
import { ALL_HARMLESS, protocolBench } from "./protocol-bench.ts";

const { expectSilence } = protocolBench;

describeWith("kernel-6.12", "Linux 6.12 with a change that breaks nothing", () => {
  test.each(named(ALL_HARMLESS))(
    "nothing is found when %s",
    (_, mutation) => expectSilence(pathOf("kernel-6.12"), mutation),
    300_000,
  );
});
