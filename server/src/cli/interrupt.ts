/** Ctrl-C and SIGTERM as a cancellation token: what runs ends at its next look; a second signal ends the process. */
import type { CancellationToken } from "../core/text/cancellation.ts";
import { INTERRUPTED } from "./exit-status.ts";

let requested = false;

export const INTERRUPT: CancellationToken = {
  get isCancellationRequested() {
    return requested;
  },
};

export function watchInterrupts(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (requested) process.exit(INTERRUPTED);
      requested = true;
    });
  }
}

/** A turn of the event loop, in which a signal is seen. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
