/**
 * Messages between the simulator's panel and its host (the language server's session behind the extension, a worker in
 * the HTML report, the test harness). Each direction is a union told apart by `t`; both ends check what they receive.
 *
 * Handshake: the panel posts `ready` with the protocol's version once it listens; the host answers `catalogue` and, if
 * it was opened for something, `model`, `run` and `verdict`. Nothing is sent to a panel before its `ready`.
 */
import {
  type Check,
  type Checked,
  either,
  fields,
  finite,
  list,
  oneOf,
  optional,
  tagged,
  text,
  truth,
  whole,
} from "./simulator-check.ts";
import {
  type CatalogueItem,
  type DesignCellView,
  type DesignRowView,
  type DesignsView,
  EXPORT_FORMATS,
  type ExportFormat,
  type LockInfo,
  type LockView,
  type ModelView,
  type NamedValue,
  type QueueView,
  type Run,
  type RunEnd,
  type SlotView,
  type SourceLine,
  type StateBit,
  type StateView,
  type ThreadInfo,
  type ThreadView,
  type ToggleInfo,
  type ToggleValue,
  type TraceRow,
  type TransitionView,
  type VariableGroupView,
  type VerdictView,
  type WaitReason,
} from "./simulator-view.ts";

export const SIMULATOR_PROTOCOL = 1;

/** A pasted trace string may be at most this long. */
export const TRACE_STRING_LIMIT = 65_536;

export type PanelMessage =
  | { readonly t: "ready"; readonly protocol: number; readonly restore?: PanelMemory }
  /** Open a catalogue entry (or a model that the host put into its catalogue, such as an extracted one). */
  | { readonly t: "open"; readonly id: string }
  /** Compare the designs of eviction for the filesystem at hand; answered with `designs`. */
  | { readonly t: "designs" }
  /** Open a cell of that table; `lacking`: without what the design must bring. */
  | { readonly t: "openDesign"; readonly model: string; readonly lacking: boolean }
  | { readonly t: "toggle"; readonly name: string; readonly value: ToggleValue }
  | { readonly t: "resetToggles" }
  /** Take the transition `index` of state `at`; rows from `at` on are replaced by it. */
  | { readonly t: "choose"; readonly run: number; readonly at: number; readonly index: number }
  /** Let the host choose for up to `steps` steps from state `at`. */
  | { readonly t: "extend"; readonly run: number; readonly at: number; readonly steps: number }
  /** Show a run: the counterexample, one that passes, or an empty one to step through by hand. */
  | { readonly t: "show"; readonly kind: "counterexample" | "passing" | "start" }
  | { readonly t: "states"; readonly run: number; readonly from: number; readonly to: number }
  | { readonly t: "explore"; readonly maxStates?: number }
  | { readonly t: "cancel" }
  | { readonly t: "openTrace"; readonly text: string }
  | { readonly t: "export"; readonly format: ExportFormat; readonly run: number }
  /** Ask the host to put text on the clipboard; a webview may not have the right to. */
  | { readonly t: "copy"; readonly text: string }
  | { readonly t: "save"; readonly name: string; readonly text: string }
  | { readonly t: "reveal"; readonly file: string; readonly line: number };

/** What survives a reload of the panel (`setState`), and what the host needs to go on from there. */
export interface PanelMemory {
  readonly model: string;
  readonly toggles: readonly { readonly name: string; readonly value: ToggleValue }[];
  readonly trace: string;
  readonly at: number;
}

export type HostMessage =
  /** `choose`: nothing will be opened by itself; the user is to choose. */
  | {
      readonly t: "catalogue";
      readonly items: readonly CatalogueItem[];
      readonly protocol: number;
      readonly choose: boolean;
      /** The host can compare designs for a filesystem. */
      readonly designs?: boolean;
    }
  | { readonly t: "designs"; readonly designs: DesignsView }
  | { readonly t: "model"; readonly model: ModelView }
  | { readonly t: "run"; readonly run: Run; readonly at: number }
  | { readonly t: "states"; readonly run: number; readonly from: number; readonly states: readonly StateView[] }
  | {
      readonly t: "progress";
      readonly phase: "search" | "shorten" | "lasso";
      readonly states: number;
      readonly transitions: number;
      /** Found but not yet looked into. */
      readonly frontier: number;
    }
  | { readonly t: "verdict"; readonly verdict: VerdictView }
  /** The verdict shown no longer belongs to the toggles; nothing has been explored yet. */
  | { readonly t: "noVerdict" }
  | { readonly t: "exported"; readonly format: ExportFormat; readonly name: string; readonly text: string }
  | { readonly t: "done"; readonly what: "copied" | "saved" | "revealed"; readonly message: string }
  | { readonly t: "error"; readonly message: string; readonly about: string };

const short = text(400);
const many = 4096;
const toggleValue: Check<ToggleValue> = either(either(truth, finite), short);
const source = fields<SourceLine>({ file: text(4096), line: whole(1) });
const index = whole(0, 65_535);
const indices = list(index, many);

const thread = fields<ThreadInfo>({
  name: short,
  sign: text(4),
  context: list(short, 32),
  about: optional(text(2000)),
  daemon: optional(truth),
});
const lock = fields<LockInfo>({ name: short, kind: oneOf("spin", "sleep", "rcu") });
const toggle = fields<ToggleInfo>({
  name: short,
  label: text(1000),
  about: optional(text(4000)),
  values: list(toggleValue, 64),
  value: toggleValue,
  standard: toggleValue,
});
const invariant = fields<{ readonly id: string; readonly about: string }>({ id: short, about: text(4000) });
const model = fields<ModelView>({
  id: short,
  title: text(1000),
  kind: short,
  summary: text(20_000),
  assumptions: list(text(4000), 256),
  sources: list(text(4000), 256),
  threads: list(thread, 256),
  locks: list(lock, many),
  invariants: list(invariant, 256),
  toggles: list(toggle, 256),
  expected: optional(text(1000)),
});
const item = fields<CatalogueItem>({
  id: short,
  title: text(1000),
  kind: short,
  words: text(20_000),
  threads: index,
  expected: oneOf("holds", "violated", "unknown"),
  breaks: list(short, 64),
});
const designCell = fields<DesignCellView>({
  text: short,
  kind: oneOf("holds", "needs", "violated", "bounded", "none"),
  about: text(4000),
  model: optional(short),
  lacking: optional(truth),
});
const designs = fields<DesignsView>({
  filesystem: short,
  questions: list(fields<DesignsView["questions"][number]>({ name: short, about: text(1000) }), 64),
  rows: list(
    fields<DesignRowView>({
      title: text(1000),
      origin: text(1000),
      cells: list(designCell, 64),
      obligations: list(text(1000), 64),
    }),
    64,
  ),
  assumptions: list(text(4000), 256),
});
const row = fields<TraceRow>({
  thread: index,
  label: text(2000),
  source: optional(source),
  status: text(256),
  took: indices,
  dropped: indices,
  wakes: list(fields<TraceRow["wakes"][number]>({ thread: index, what: text(1000) }), 256),
  lostWake: optional(truth),
  spurious: optional(truth),
  changes: list(text(2000), many),
});
const wait = fields<NonNullable<RunEnd["waits"]>[number]>({
  thread: index,
  holder: optional(index),
  why: text(2000),
});
const end = fields<RunEnd>({
  kind: oneOf("open", "finished", "violated", "deadlock", "lasso", "bound"),
  invariant: optional(short),
  message: text(4000),
  waits: optional(list(wait, 256)),
});
const run = fields<Run>({
  id: whole(),
  kind: oneOf("start", "counterexample", "passing", "manual", "pasted"),
  rows: list(row),
  initialStatus: text(256),
  loopStart: optional(whole()),
  end,
  traceString: text(TRACE_STRING_LIMIT * 4),
});
const namedValue = fields<NamedValue>({ name: short, value: text(2000), changed: truth });
const span = fields<NonNullable<TransitionView["source"]>>({
  file: text(4096),
  line: whole(1),
  endLine: optional(whole(1)),
});
const reason = fields<WaitReason>({
  kind: oneOf("lock", "condition", "sleep", "memory", "grace-period", "queue"),
  text: text(2000),
  lock: optional(short),
  holders: indices,
});
const threadState = fields<ThreadView>({
  index,
  name: short,
  context: list(short, 32),
  daemon: truth,
  status: oneOf("enabled", "blocked", "asleep", "idle", "finished"),
  next: optional(fields<NonNullable<ThreadView["next"]>>({ step: short, label: text(2000), source: optional(span) })),
  reason: optional(reason),
  holds: list(short, many),
  rcuReader: truth,
  locals: list(namedValue, many),
  moved: truth,
});
const bit = fields<StateBit>({ name: short, set: truth, changed: truth });
const position: Check<number | null> = (value, at) => (value === null ? undefined : index(value, at));
const slot = fields<SlotView>({
  index,
  name: short,
  phase: oneOf("live", "limbo", "free"),
  phaseChanged: truth,
  hashPosition: position,
  hashChanged: truth,
  bits: list(bit, 64),
  fields: list(namedValue, many),
  waiters: list(text(1000), many),
  waitersChanged: truth,
});
const lockState = fields<LockView>({
  name: short,
  kind: oneOf("spin", "sleep"),
  holder: position,
  changed: truth,
  waiters: indices,
});
const queue = fields<QueueView>({ name: short, capacity: finite, items: list(short, many), changed: truth });
const group = fields<VariableGroupView>({
  group: oneOf("memory", "disk", "transaction", "superblock", "other"),
  variables: list(namedValue, many),
});
const transition = fields<TransitionView>({
  index: whole(),
  threadIndex: index,
  thread: short,
  step: short,
  label: text(2000),
  alternative: whole(),
  source: optional(span),
  spurious: optional(truth),
});
const broken = fields<StateView["violations"][number]>({ invariant: short, message: text(4000), artefact: truth });
const state = fields<StateView>({
  modelId: short,
  row: whole(),
  threads: list(threadState, 256),
  slots: list(slot, 256),
  hashChain: list(short, many),
  hashChainChanged: truth,
  locks: list(lockState, many),
  queues: list(queue, many),
  groups: list(group, 64),
  enabled: list(transition, many),
  violations: list(broken, 256),
  terminal: truth,
  text: text(100_000),
});
const verdict = fields<VerdictView>({
  verdict: oneOf("violated", "holds", "bounded", "cancelled"),
  invariant: optional(short),
  message: text(4000),
  states: finite,
  transitions: finite,
  elapsedMs: finite,
  assumptions: list(text(4000), 256),
  limit: optional(text(1000)),
  expected: optional(text(1000)),
  asExpected: optional(truth),
});
const format = oneOf<ExportFormat>(...EXPORT_FORMATS);
const exportLimit = 64 * 1024 * 1024;

const memory: Check<PanelMemory> = fields<PanelMemory>({
  model: short,
  toggles: list(fields<PanelMemory["toggles"][number]>({ name: short, value: toggleValue }), 256),
  trace: text(TRACE_STRING_LIMIT),
  at: whole(),
});

type Body<U extends { t: string }, T extends U["t"]> = Omit<Extract<U, { readonly t: T }>, "t">;
type FromPanel<T extends PanelMessage["t"]> = Body<PanelMessage, T>;
type FromHost<T extends HostMessage["t"]> = Body<HostMessage, T>;

/** Checks what came from a panel; the host answers a wrong message with `error` and does nothing else. */
export const checkPanelMessage: (value: unknown) => Checked<PanelMessage> = tagged<PanelMessage>({
  ready: fields<FromPanel<"ready">>({ protocol: whole(), restore: optional(memory) }),
  open: fields<FromPanel<"open">>({ id: short }),
  designs: fields<FromPanel<"designs">>({}),
  openDesign: fields<FromPanel<"openDesign">>({ model: short, lacking: truth }),
  toggle: fields<FromPanel<"toggle">>({ name: short, value: toggleValue }),
  resetToggles: fields<FromPanel<"resetToggles">>({}),
  choose: fields<FromPanel<"choose">>({ run: whole(), at: whole(), index: whole() }),
  extend: fields<FromPanel<"extend">>({ run: whole(), at: whole(), steps: whole(1, 10_000) }),
  show: fields<FromPanel<"show">>({ kind: oneOf("counterexample", "passing", "start") }),
  states: fields<FromPanel<"states">>({ run: whole(), from: whole(), to: whole() }),
  explore: fields<FromPanel<"explore">>({ maxStates: optional(whole(1)) }),
  cancel: fields<FromPanel<"cancel">>({}),
  openTrace: fields<FromPanel<"openTrace">>({ text: text(TRACE_STRING_LIMIT) }),
  export: fields<FromPanel<"export">>({ format, run: whole() }),
  copy: fields<FromPanel<"copy">>({ text: text(exportLimit) }),
  save: fields<FromPanel<"save">>({ name: text(255), text: text(exportLimit) }),
  reveal: fields<FromPanel<"reveal">>({ file: text(4096), line: whole(1) }),
});

/** Checks what came from the host. */
export const checkHostMessage: (value: unknown) => Checked<HostMessage> = tagged<HostMessage>({
  catalogue: fields<FromHost<"catalogue">>({
    items: list(item, 10_000),
    protocol: whole(),
    choose: truth,
    designs: optional(truth),
  }),
  designs: fields<FromHost<"designs">>({ designs }),
  model: fields<FromHost<"model">>({ model }),
  run: fields<FromHost<"run">>({ run, at: whole() }),
  states: fields<FromHost<"states">>({ run: whole(), from: whole(), states: list(state, 1024) }),
  progress: fields<FromHost<"progress">>({
    phase: oneOf("search", "shorten", "lasso"),
    states: finite,
    transitions: finite,
    frontier: finite,
  }),
  verdict: fields<FromHost<"verdict">>({ verdict }),
  noVerdict: fields<FromHost<"noVerdict">>({}),
  exported: fields<FromHost<"exported">>({ format, name: text(255), text: text(exportLimit) }),
  done: fields<FromHost<"done">>({ what: oneOf("copied", "saved", "revealed"), message: text(1000) }),
  error: fields<FromHost<"error">>({ message: text(20_000), about: short }),
});
