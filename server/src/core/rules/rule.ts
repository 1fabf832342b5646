/** What a rule is, and what it hands on: drafts, which report/make-finding.ts turns into findings. */
import type { FilesystemFacts, Operation } from "../analysis/filesystem-facts.ts";
import type { OutcomeStore } from "../extract/filesystem/verdict.ts";
import type { Body } from "../ir/function-bodies.ts";
import type { ContextName, FindingSimulation, RuleId, Severity } from "../report/finding.ts";
import type { CancellationToken } from "../text/cancellation.ts";

export interface DraftLink {
  readonly body: Body;
  /** Offset in the body's text of the call, or of the effect in the last link. */
  readonly at: number;
  readonly via: string | null;
  /** The guard under which it runs (index into the body's guards). */
  readonly guard: number;
}

export interface DraftEnd {
  readonly body: Body;
  readonly at: number;
  readonly what: string;
}

export interface Draft {
  readonly rule: RuleId;
  readonly severity: Severity;
  readonly operation: Pick<Operation, "name" | "body"> | { readonly name: string; readonly body: Body };
  /** Range in the operation's text that the diagnostic underlines. */
  readonly at: number;
  readonly end: number;
  /** What the anchor calls, or the primitive: part of the finding's id. */
  readonly first: string;
  readonly chain: readonly DraftLink[];
  readonly ends: readonly DraftEnd[];
  readonly message: string;
  /** Why one may doubt it; a doubted finding is a hint. */
  readonly doubt: string | null;
  readonly contexts: readonly ContextName[];
  /** Conditions that the rule knows beside those of the chain's guards. */
  readonly conditions?: readonly string[];
  /** When it is not one filesystem's: the file that it belongs to. */
  readonly generic?: string;
  /** Of a rule that simulates by itself: its verdict. The model's name is the finding's. */
  readonly simulation?: Omit<FindingSimulation, "model">;
}

export interface Rule {
  readonly id: RuleId;
  /** In a few words, for lists and SARIF. */
  readonly title: string;
  /** One or two sentences for SARIF's fullDescription and the settings page. */
  readonly description: string;
  readonly severity: Severity;
  /** Runs only when it is named, or when everything is to be simulated. */
  readonly onDemand?: true;
  /** Findings of one filesystem. */
  check?(facts: FilesystemFacts): Iterable<Draft>;
  /** Findings of the tree's generic code; called once. */
  checkTree?(tree: TreeFacts): Iterable<Draft>;
}

export interface TreeFacts {
  readonly filesystems: readonly FilesystemFacts[];
  /** Asked now and then by a rule that takes long. */
  readonly token?: CancellationToken;
  /** Outcomes of earlier simulations. */
  readonly outcomes?: OutcomeStore;
}
