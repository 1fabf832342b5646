/**
 * A trace as a short string, to be pasted into a mail: `evict-async-after-unhash?order=after#3fa2b1:a4bca.1~2c`.
 * Model, toggles, fingerprint of the compiled model, then one letter for each step's thread (`4b`: four times b; `a.1`:
 * the thread's second alternative); `~` marks where a lasso's loop begins. Letters: a-z, then A-Z.
 */
import type { Move } from "./expander.ts";
import type { ToggleSettings } from "./model.ts";

export interface ParsedTrace {
  readonly modelId: string;
  /** Values as text; they are matched against the model's toggles. */
  readonly toggles: ToggleSettings;
  readonly fingerprint: string;
  /** `transition` counts the thread's enabled transitions. */
  readonly steps: readonly Move[];
  readonly loopStart?: number;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
export const MAX_TRACE_STEPS = 100_000;

export function writeTraceString(trace: ParsedTrace): string {
  const toggles = Object.entries(trace.toggles)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join("&");
  let text = "";
  const { steps, loopStart } = trace;
  for (let i = 0; i < steps.length; ) {
    if (i === loopStart) text += "~";
    const { thread, transition } = steps[i] as Move;
    let run = 1;
    while (i + run < steps.length && i + run !== loopStart) {
      const next = steps[i + run] as Move;
      if (next.thread !== thread || next.transition !== transition) break;
      run++;
    }
    text += `${run > 1 ? run : ""}${LETTERS[thread] ?? "?"}${transition > 0 ? `.${transition}` : ""}`;
    // "a.1" followed by "2b" would read as "a.12b".
    const after = steps[i + run];
    if (transition > 0 && after !== undefined && i + run !== loopStart) text += ",";
    i += run;
  }
  return `${trace.modelId}${toggles === "" ? "" : `?${toggles}`}#${trace.fingerprint}:${text}`;
}

export function parseTraceString(text: string): ParsedTrace | { readonly error: string } {
  const trimmed = text.trim();
  if (trimmed.length > 200_000) return { error: "the trace string is longer than 200,000 characters" };
  const parts = /^([A-Za-z0-9._-]{1,100})(?:\?([^#]*))?#([0-9a-f]{6}):([A-Za-z0-9.,~]*)$/.exec(trimmed);
  if (parts === null) return { error: "this is no trace string (expected MODEL?TOGGLES#CHECKSUM:STEPS)" };
  const [, modelId, toggleText, fingerprint, body] = parts as unknown as [string, string, string?, string?, string?];
  const toggles: Record<string, string> = {};
  for (const pair of (toggleText ?? "").split("&").filter((one) => one !== "")) {
    const at = pair.indexOf("=");
    if (at < 1) return { error: `"${pair}" in the trace string is no toggle (NAME=VALUE)` };
    try {
      toggles[pair.slice(0, at)] = decodeURIComponent(pair.slice(at + 1));
    } catch {
      return { error: `"${pair}" in the trace string is badly encoded` };
    }
  }
  const steps: Move[] = [];
  let loopStart: number | undefined;
  const token = /(~)|(\d*)([A-Za-z])(?:\.(\d+),?)?/y;
  const code = body ?? "";
  while (token.lastIndex < code.length) {
    const at = token.lastIndex;
    const match = token.exec(code);
    if (match === null) return { error: `unexpected "${code[at]}" at step ${steps.length + 1} of the trace string` };
    if (match[1] !== undefined) {
      if (loopStart !== undefined) return { error: "the trace string has two loops" };
      loopStart = steps.length;
      continue;
    }
    const run = match[2] === "" ? 1 : Number(match[2]);
    if (run < 1 || steps.length + run > MAX_TRACE_STEPS) {
      return { error: `the trace string has more than ${MAX_TRACE_STEPS} steps` };
    }
    const step = { thread: LETTERS.indexOf(match[3] as string), transition: Number(match[4] ?? 0) };
    for (let i = 0; i < run; i++) steps.push(step);
  }
  if (loopStart !== undefined && loopStart >= steps.length) return { error: "the loop of the trace string is empty" };
  return {
    modelId: modelId as string,
    toggles,
    fingerprint: fingerprint ?? "",
    steps,
    ...(loopStart === undefined ? {} : { loopStart }),
  };
}
