/** One thing that a function does, at one place. */

import type { Body } from "../ir/function-bodies.ts";
import type { EffectKind } from "../knowledge/knowledge.ts";
import type { CallEvent } from "./interpreter.ts";

export interface EffectSite {
  readonly kind: EffectKind;
  readonly body: Body;
  readonly event: CallEvent;
  /** The primitive's name. */
  readonly primitive: string;
  /** In a few words. */
  readonly what: string;
  /** Why one may doubt it; null when there is no reason to. */
  readonly doubt: string | null;
}
