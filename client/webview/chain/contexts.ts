/** Which of the theme's chart colours a context has: always the same one, in every picture. */
import { CONTEXT_WORDS } from "../../../server/src/protocol/views.ts";

const ORDER = Object.keys(CONTEXT_WORDS);

export function contextIndex(context: string): number {
  return Math.max(0, ORDER.indexOf(context));
}
