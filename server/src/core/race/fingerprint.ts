/** A short number that tells whether a trace string was made for this very program. */
import type { Program } from "./program.ts";

/** FNV-1a, 32 bits. */
export function hashText(text: string, seed = 0x811c9dc5): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Six hexadecimal digits from threads, locations and their order; labels and prose don't matter. */
export function fingerprintOf(program: Omit<Program, "fingerprint">): string {
  let hash = 0x811c9dc5;
  for (const thread of program.threads) hash = hashText(thread.name, hash);
  for (const template of program.templates) {
    for (const location of template.locations) {
      for (const transition of location.transitions) {
        hash = hashText(`${transition.step} ${transition.targets.join(",")} ${transition.guardText}`, hash);
      }
    }
  }
  return (hash & 0xffffff).toString(16).padStart(6, "0");
}
