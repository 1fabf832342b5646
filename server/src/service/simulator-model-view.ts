/** Projections from the race engine's types to what the simulator's panel is told. Pure. */
import type { RaceModel, Step, StepObject, ToggleSettings, UserInvariant } from "../core/race/model.ts";
import type { Outcome } from "../core/race/outcome.ts";
import type { StateView } from "../core/race/view.ts";
import type {
  CatalogueItem,
  LockInfo,
  ModelView,
  ThreadInfo,
  ToggleValue,
  VerdictView,
} from "../protocol/simulator-view.ts";

/** What the built-in invariants mean (races.md, section 0.2), in one line each for the panel. */
const INVARIANT_WORDS: Readonly<Record<string, string>> = {
  UNIQ: "at most one slot of an inode number is alive, and none is built while another still has cleanup to do",
  ONCE: "each slot is evicted exactly once in its life",
  UAF: "nobody touches freed memory",
  WAKE: "a sleeper always has somebody who will wake it",
  PROG: "no deadlock, and every fair run ends",
  RECL: "memory reclaim never waits for memory, for I/O, or for somebody who waits for memory",
  UMNT: "after put_super no inode and no queued work of that superblock is left",
  GEN: "only the slot of the same generation writes or frees the inode on disk",
  STATE: "i_state follows its rules: I_FREEING stays, such an inode is on no LRU and gets no new reference",
  BOUND: "what is deferred stays below its bound",
  DIRT: "memory reclaim dirties nothing and starts no transaction",
};

/** Toggles of a model with their present values: what is set, else the model's default. */
export function settingsOf(model: RaceModel, set: ToggleSettings): ToggleSettings {
  const settings: Record<string, ToggleValue> = {};
  for (const toggle of model.toggles ?? []) {
    const value = Object.hasOwn(set, toggle.name) ? set[toggle.name] : undefined;
    settings[toggle.name] = value !== undefined && toggle.values.includes(value) ? value : toggle.default;
  }
  return settings;
}

/** One or two letters for each thread: initials, made unique by a number or a second letter. */
export function signsOf(names: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const letters = name.replace(/[^\p{L}\p{N}]/gu, "");
    const first = (letters[0] ?? "?").toUpperCase();
    const trailing = /(\d+)$/.exec(name)?.[1];
    const candidates = [
      ...(trailing !== undefined && trailing.length === 1 ? [first + trailing] : [first]),
      ...[...letters.slice(1)].map((letter) => first + letter.toLowerCase()),
      ...Array.from({ length: 99 }, (_, i) => `${i + 1}`),
    ];
    const sign = candidates.find((candidate) => !taken.has(candidate)) ?? "?";
    taken.add(sign);
    return sign;
  });
}

/** Labels of the steps that wake somebody, and of none besides: such a step without a woken thread woke nobody. */
export function wakingLabels(model: RaceModel): ReadonlySet<string> {
  const waking = new Set<string>();
  const others = new Set<string>();
  const visit = (steps: readonly Step[]): void => {
    for (const step of steps) {
      const object: StepObject = typeof step === "string" ? { do: step } : step;
      const label = object.label ?? object.do;
      if (label !== undefined) (/\bwake\s*\(/.test(object.do ?? "") ? waking : others).add(label);
      for (const inner of [object.then, object.else, object.loop, ...(object.choose ?? [])]) visit(inner ?? []);
    }
  };
  for (const { steps } of [...model.threads, ...(model.procedures ?? [])]) visit(steps);
  return new Set([...waking].filter((label) => !others.has(label)));
}

/** Locks of the model in the order of its states, and RCU read-side sections as one more. */
export function locksOf(first: StateView): readonly LockInfo[] {
  return [...first.locks.map(({ name, kind }) => ({ name, kind })), { name: "RCU read side", kind: "rcu" as const }];
}

export function modelView(model: RaceModel, settings: ToggleSettings, first: StateView): ModelView {
  const names = first.threads.map((thread) => thread.name);
  const signs = signsOf(names);
  const about = (name: string) =>
    model.threads.find((thread) => name === thread.name || name.startsWith(`${thread.name} `))?.description;
  const threads = first.threads.map((thread, index): ThreadInfo => {
    const words = about(thread.name);
    return {
      name: thread.name,
      sign: signs[index] ?? "?",
      context: thread.context,
      ...(words === undefined ? {} : { about: words }),
      ...(thread.daemon ? { daemon: true } : {}),
    };
  });
  const expected = expectedOf(model, settings);
  return {
    id: model.id,
    title: model.title,
    kind: model.kind ?? "model",
    summary: model.summary,
    assumptions: model.assumptions ?? [],
    sources: (model.sources ?? []).map((source) => {
      const place =
        source.file === undefined ? "" : ` (${source.file}${source.line === undefined ? "" : `:${source.line}`})`;
      return `${source.text}${place}${source.url === undefined ? "" : ` <${source.url}>`}`;
    }),
    threads,
    locks: locksOf(first),
    invariants: model.invariants.map((invariant) =>
      typeof invariant === "string"
        ? { id: invariant, about: INVARIANT_WORDS[invariant] ?? invariant }
        : { id: invariant.id, about: (invariant as UserInvariant).description },
    ),
    toggles: (model.toggles ?? []).map((toggle) => ({
      name: toggle.name,
      label: toggle.description,
      values: toggle.values,
      value: settings[toggle.name] ?? toggle.default,
      standard: toggle.default,
    })),
    ...(expected === undefined ? {} : { expected: expected.words }),
  };
}

interface Expectation {
  readonly verdict: "violated" | "holds";
  readonly invariants: readonly string[] | undefined;
  readonly words: string;
}

/** What the entry expects of these settings; toggles that an expectation leaves out stand at their default. */
export function expectedOf(model: RaceModel, settings: ToggleSettings): Expectation | undefined {
  const entry = (model.expected ?? []).find((expected) => {
    const meant = settingsOf(model, expected.toggles);
    return Object.keys(settings).every((name) => meant[name] === settings[name]);
  });
  if (!entry) return undefined;
  const invariants = entry.invariant;
  return {
    verdict: entry.verdict,
    invariants,
    words:
      invariants === undefined || invariants.length === 0
        ? entry.verdict
        : `${entry.verdict}: ${invariants.join(" or ")}`,
  };
}

export function catalogueItem(model: RaceModel): CatalogueItem {
  const threads = model.threads.reduce((sum, thread) => sum + (typeof thread.count === "number" ? thread.count : 1), 0);
  const usual = expectedOf(model, settingsOf(model, {}));
  const breaks = usual
    ? usual.verdict === "violated"
      ? (usual.invariants ?? ["?"])
      : []
    : [...new Set((model.expected ?? []).flatMap((expected) => expected.invariant ?? []))];
  return {
    id: model.id,
    title: model.title,
    kind: model.kind ?? "model",
    words: [model.summary, model.affected ?? "", ...(model.sources ?? []).map((source) => source.text)].join(" "),
    threads,
    expected: usual?.verdict ?? "unknown",
    breaks,
  };
}

export function verdictView(
  model: RaceModel,
  settings: ToggleSettings,
  outcome: Outcome,
  elapsedMs: number,
): VerdictView {
  const expected = expectedOf(model, settings);
  const cancelled = outcome.limit?.name === "cancelled";
  const decided = outcome.verdict !== "bounded";
  const asExpected =
    expected === undefined || !decided
      ? undefined
      : expected.verdict === outcome.verdict &&
        (expected.invariants === undefined ||
          outcome.invariant === undefined ||
          expected.invariants.includes(outcome.invariant));
  const message =
    outcome.verdict === "violated"
      ? (outcome.violation?.message ?? "An invariant is violated.")
      : outcome.verdict === "holds"
        ? "Every state was seen; no invariant is violated."
        : cancelled
          ? "Cancelled before every state was seen."
          : (outcome.violation?.message ?? "A limit was met before every state was seen.");
  return {
    verdict: cancelled ? "cancelled" : outcome.verdict,
    ...(outcome.invariant === undefined ? {} : { invariant: outcome.invariant }),
    message,
    states: outcome.states,
    transitions: outcome.transitions,
    elapsedMs,
    assumptions: outcome.assumptions,
    ...(outcome.limit === undefined ? {} : { limit: outcome.limit.message }),
    ...(expected === undefined ? {} : { expected: expected.words }),
    ...(asExpected === undefined ? {} : { asExpected }),
  };
}
