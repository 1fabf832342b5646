/** How eagerly V8 compiles and collects, for runs that are over in seconds. */
import { setFlagsFromString } from "node:v8";

/**
 * Has V8's optimising compiler wait twice as long and inline a third of what it does by default. A run of some seconds ends
 * before much of that work pays: on a cold `check` of Linux 6.12 compiling was a quarter of all processor time, and takes
 * half as much with these (test/bench/check-phases.mjs, Node 20). Most of what such a run makes lives until its end, and
 * looking through all of it again and again was a quarter of the collector's time: the heap may grow to thirty times what
 * lives before that happens. Exploring states is another matter: there, hot loops run for minutes.
 */
export function expectShortRun(): void {
  setFlagsFromString("--interrupt-budget=264000");
  setFlagsFromString("--max-inlined-bytecode-size-cumulative=300");
  setFlagsFromString("--heap-growing-percent=2900");
}
