/** The messages between a view's page and the editor, and their checks. */
import { type ContextName, RULE_IDS } from "../core/report/finding.ts";
import { type Checked, fields, list, oneOf, optional, tagged, text, truth, whole } from "./simulator-check.ts";
import {
  type CallChainView,
  CELL_STATES,
  type ChainEdge,
  type ChainNode,
  CONTEXT_WORDS,
  NODE_ROLES,
  SHOWN_SEVERITIES,
  type SurveyCell,
  type SurveyColumn,
  type SurveyEvidence,
  type SurveyRow,
  type SurveyView,
} from "./views.ts";

/** What a page keeps over a reload of the window; the editor hands it back when it makes the page anew. */
export interface SurveyMemory {
  readonly root: string;
  readonly sort: string;
  readonly descending: boolean;
  readonly filter: string;
  readonly onlyFindings: boolean;
}
export interface ChainMemory {
  readonly root: string;
  readonly finding: string;
}

export type ViewPageMessage =
  /** The page listens; nothing is sent to it before. */
  | { readonly t: "ready" }
  | { readonly t: "reveal"; readonly file: string; readonly line: number }
  | { readonly t: "copy"; readonly text: string }
  | { readonly t: "save"; readonly name: string; readonly text: string }
  | { readonly t: "showChain"; readonly finding: string }
  | { readonly t: "simulate"; readonly finding: string }
  /** The survey of another tree. */
  | { readonly t: "choose"; readonly root: string };

export type ViewHostMessage =
  | { readonly t: "survey"; readonly view: SurveyView; readonly roots: readonly RootChoice[] }
  | { readonly t: "chain"; readonly view: CallChainView }
  /** There is nothing to show, and why. */
  | { readonly t: "empty"; readonly message: string }
  /** What the page asked for was done, or was not. */
  | { readonly t: "told"; readonly message: string };

export interface RootChoice {
  readonly root: string;
  readonly name: string;
}

const short = text(512);
const sentence = text(4000);
const uri = text(4096);
const file = text(4096);
const line = whole(1);
const severity = oneOf(...SHOWN_SEVERITIES);
const rule = oneOf(...RULE_IDS);
const contexts = list(oneOf(...(Object.keys(CONTEXT_WORDS) as ContextName[])), 32);
const SAVE_LIMIT = 16 * 1024 * 1024;

const evidence = fields<SurveyEvidence>({
  file,
  line,
  what: sentence,
  way: list(fields<SurveyEvidence["way"][number]>({ function: short, file, line }), 64),
  doubt: optional(sentence),
});
const cell = fields<SurveyCell>({
  state: oneOf(...CELL_STATES),
  text: short,
  findings: list(fields<SurveyCell["findings"][number]>({ id: short, rule, severity, message: sentence }), 10_000),
  evidence: optional(evidence),
});
const row = fields<SurveyRow>({ file, line, filesystem: file, table: short, cells: list(cell, 64) });
const survey = fields<SurveyView>({
  root: uri,
  name: short,
  kernelVersion: short,
  revision: whole(),
  columns: list(fields<SurveyColumn>({ id: short, title: short, hint: sentence }), 64),
  rows: list(row, 10_000),
});

const node = fields<ChainNode>({ id: short, file, line, role: oneOf(...NODE_ROLES), title: sentence, contexts });
const edge = fields<ChainEdge>({
  file,
  line,
  from: short,
  to: short,
  via: optional(sentence),
  guards: list(sentence, 64),
});
const chain = fields<CallChainView>({
  root: uri,
  finding: short,
  rule,
  severity,
  message: sentence,
  filesystem: file,
  table: short,
  operation: short,
  confidence: sentence,
  contexts,
  withoutWay: contexts,
  moreWays: whole(),
  conditions: list(sentence, 64),
  nodes: list(node, 512),
  edges: list(edge, 1024),
  others: list(fields<CallChainView["others"][number]>({ file, line, function: short, what: sentence }), 256),
});

type Body<U extends { t: string }, T extends U["t"]> = Omit<Extract<U, { readonly t: T }>, "t">;
type FromPage<T extends ViewPageMessage["t"]> = Body<ViewPageMessage, T>;
type FromHost<T extends ViewHostMessage["t"]> = Body<ViewHostMessage, T>;

/** Checks what came from a page. */
export const checkViewPageMessage: (value: unknown) => Checked<ViewPageMessage> = tagged<ViewPageMessage>({
  ready: fields<FromPage<"ready">>({}),
  reveal: fields<FromPage<"reveal">>({ file, line }),
  copy: fields<FromPage<"copy">>({ text: text(SAVE_LIMIT) }),
  save: fields<FromPage<"save">>({ name: text(255), text: text(SAVE_LIMIT) }),
  showChain: fields<FromPage<"showChain">>({ finding: short }),
  simulate: fields<FromPage<"simulate">>({ finding: short }),
  choose: fields<FromPage<"choose">>({ root: uri }),
});

/** Checks what came from the editor. */
export const checkViewHostMessage: (value: unknown) => Checked<ViewHostMessage> = tagged<ViewHostMessage>({
  survey: fields<FromHost<"survey">>({
    view: survey,
    roots: list(fields<RootChoice>({ root: uri, name: short }), 256),
  }),
  chain: fields<FromHost<"chain">>({ view: chain }),
  empty: fields<FromHost<"empty">>({ message: sentence }),
  told: fields<FromHost<"told">>({ message: sentence }),
});

const surveyMemory = fields<SurveyMemory>({
  root: uri,
  sort: short,
  descending: truth,
  filter: short,
  onlyFindings: truth,
});
const chainMemory = fields<ChainMemory>({ root: uri, finding: short });

/** What a page stored before; anything unexpected is as good as nothing. */
export function readSurveyMemory(stored: unknown): SurveyMemory | undefined {
  return surveyMemory(stored, "state") === undefined ? (stored as SurveyMemory) : undefined;
}
export function readChainMemory(stored: unknown): ChainMemory | undefined {
  return chainMemory(stored, "state") === undefined ? (stored as ChainMemory) : undefined;
}
