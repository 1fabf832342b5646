/**
 * Simulates findings while nothing else is to do, one at a time, after each review: those that the caller wants, in the
 * order given. An edit ends the round; the review that follows it begins another, in which what has not changed is
 * answered from memory.
 */
import type { FindingVerdict } from "../core/extract/filesystem/verdict.ts";
import type { Finding } from "../core/report/finding.ts";
import type { RootReview } from "./root-review.ts";

export interface VerdictPorts {
  /** Those to simulate, the most wanted first. */
  readonly choose: (findings: readonly Finding[]) => readonly Finding[];
  /** Verdicts have been put beside findings: show them. */
  readonly onVerdicts: () => void;
}

/** Milliseconds after a review before a round begins: whoever is typing, and thinks between words, is not to wait for a simulation. */
const START_DELAY = 2000;
/** Milliseconds between two times that verdicts are shown. */
const SHOW_INTERVAL = 300;
/** Times that one finding is tried while the user asks for other things. */
const ATTEMPTS = 5;

export class BackgroundVerdicts {
  readonly #root: RootReview;
  readonly #ports: VerdictPorts;
  #round: { isCancellationRequested: boolean } | null = null;

  constructor(root: RootReview, ports: VerdictPorts) {
    this.#root = root;
    this.#ports = ports;
  }

  /** Begins a round on the latest review. Never throws. */
  start(): void {
    this.stop();
    const round = { isCancellationRequested: false };
    this.#round = round;
    void this.#run(round);
  }

  stop(): void {
    if (this.#round !== null) this.#round.isCancellationRequested = true;
    this.#round = null;
  }

  async #run(round: { readonly isCancellationRequested: boolean }): Promise<void> {
    await new Promise<void>((resolve) => void setTimeout(resolve, START_DELAY));
    const { latest } = this.#root;
    if (latest === null || round.isCancellationRequested) return;
    const wanted = this.#ports.choose(latest.review.findings.filter((each) => each.simulation.verdict === "not-run"));
    let found = new Map<string, FindingVerdict>();
    let shown = Date.now();
    for (const [i, finding] of wanted.entries()) {
      // A turn for whatever else is waiting: where the session runs in this thread, each answer takes it.
      await new Promise<void>((resolve) => void setTimeout(resolve, 0));
      if (round.isCancellationRequested) return;
      const verdict = await this.#verdictOf(finding, latest.revision, round);
      if (round.isCancellationRequested || this.#root.latest?.revision !== latest.revision) return;
      if (verdict === null) continue;
      found.set(finding.id, verdict);
      if (i < wanted.length - 1 && Date.now() - shown < SHOW_INTERVAL) continue;
      this.#root.applyVerdicts(latest.revision, found);
      found = new Map();
      shown = Date.now();
      this.#ports.onVerdicts();
    }
  }

  /** Gives way to what a user asks, and tries again when that is answered; null when it had to give way too often. */
  async #verdictOf(
    finding: Finding,
    revision: number,
    round: { readonly isCancellationRequested: boolean },
  ): Promise<FindingVerdict | null> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const verdict = await this.#root.query({ name: "verdict", finding }, round, true);
      if (verdict !== null || round.isCancellationRequested || this.#root.latest?.revision !== revision) return verdict;
      await new Promise<void>((resolve) => void setTimeout(resolve, START_DELAY));
    }
    return null;
  }
}
