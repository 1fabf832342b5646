import { rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

const TRIES = 40;
/** Milliseconds. */
const PAUSE = 250;

/**
 * Removes a temporary folder into which a program on its way out may still write: an editor its settings, a language
 * server what it keeps of a kernel. `rmSync` with `maxRetries` tries only the last rmdir() again, not what was written
 * meanwhile. A folder that stays says nothing about the product, so it is named and fails no test.
 */
export async function removeTemporary(folder: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await rm(folder, { recursive: true, force: true });
      return;
    } catch (error) {
      if (attempt === TRIES) {
        console.warn(`${folder} stays: ${error instanceof Error ? error.message : String(error)}`);
        return;
      }
    }
    await delay(PAUSE);
  }
}
