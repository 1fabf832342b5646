/** How eagerly V8 compiles and collects, for runs that are over in seconds. */
import { setFlagsFromString } from "node:v8";

/**
 * Has V8's optimising compiler wait three times as long and inline a third of what it does by default, and lets the heap grow
 * to four times what lives before all of it is looked through. A run of some seconds ends before much of that work pays: on a
 * cold `check` of Linux 6.12 compiling was a quarter of all processor time, and takes half as much with these
 * (test/bench/check-phases.mjs, Node 20). Exploring states is another matter: there, hot loops run for minutes.
 */
export function expectShortRun(): void {
  setFlagsFromString("--interrupt-budget=400000");
  setFlagsFromString("--max-inlined-bytecode-size-cumulative=300");
  setFlagsFromString("--heap-growing-percent=300");
}
