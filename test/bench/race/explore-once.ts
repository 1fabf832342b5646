/** One exploration in a process of its own; prints its figures as JSON. Run by compare-with-spin.mjs. */
import { readFileSync } from "node:fs";
import type { RaceModel } from "../../../server/src/core/race/model.ts";
import { explore } from "../../../server/src/core/race/simulator.ts";

const [file, options] = process.argv.slice(2) as [string, string];
const model = JSON.parse(readFileSync(file, "utf8")) as RaceModel;
const before = process.cpuUsage();
const start = performance.now();
const outcome = explore(model, { maxStates: 60_000_000, maxBytes: 3 * 2 ** 30, ...JSON.parse(options) });
const cpu = process.cpuUsage(before);
console.log(
  JSON.stringify({
    verdict: outcome.verdict,
    invariant: outcome.invariant,
    states: outcome.states,
    transitions: outcome.transitions,
    megabytes: outcome.bytes / 2 ** 20,
    steps: outcome.trace?.steps.length,
    shortest: outcome.shortest,
    // Processor seconds of the run itself, and with starting Node and reading the model.
    seconds: (cpu.user + cpu.system) / 1e6,
    total: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
    wall: (performance.now() - start) / 1e3,
  }),
);
