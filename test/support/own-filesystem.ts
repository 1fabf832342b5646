/** The sample tree with one more filesystem, and what the simulator makes of it. */
import { expect } from "vitest";
import type { RaceModel } from "../../server/src/core/race/model.ts";
import { createStepper, explore } from "../../server/src/core/race/simulator.ts";
import type { Review, RuleId } from "../../server/src/core/report/finding.ts";
import { NEVER_CANCELLED } from "../../server/src/core/text/cancellation.ts";
import type { ReviewSession } from "../../server/src/index/review-session.ts";
import { readFixtureTree } from "./fixture.ts";
import { reviewNow, sessionOf } from "./review.ts";

/** `file`: of the filesystem, the only one it has; `text`: what stands in it. */
export async function reviewedWith(
  file: string,
  text: string,
): Promise<{ readonly session: ReviewSession; readonly review: Review }> {
  const tree = readFixtureTree("sample");
  tree.set(file, text);
  const session = sessionOf(tree);
  return { session, review: await reviewNow(session) };
}

/** Of the design lab, with evictions as they are today. */
export async function modelOfToday(
  session: ReviewSession,
  filesystem: string,
  question: "lookup" | "create",
): Promise<RaceModel> {
  const asked = { name: "designModel", filesystem, design: "sync", question } as const;
  return (await session.query(asked, NEVER_CANCELLED))!;
}

/** Of the first finding of a rule in a filesystem. */
export async function modelOfFinding(
  { session, review }: { readonly session: ReviewSession; readonly review: Review },
  filesystem: string,
  rule: RuleId,
): Promise<RaceModel> {
  const finding = review.findings.find((each) => each.filesystem === filesystem && each.rule === rule)!;
  expect(finding).toBeDefined();
  const model = await session.query({ name: "model", finding }, NEVER_CANCELLED);
  expect(model).not.toHaveProperty("reason");
  return model as RaceModel;
}

interface RunStep {
  readonly isOwn: boolean;
  readonly text: string;
}

function stepsOf(model: RaceModel, file: string, text: string): readonly RunStep[] {
  const stepper = createStepper(model);
  expect(stepper.replay(explore(model).trace!.traceString)).not.toHaveProperty("error");
  const lines = text.split("\n");
  return stepper.trace().steps.map(({ file: at, line, thread, label }) => {
    const isOwn = at === file;
    return { isOwn, text: `${thread}: ${isOwn ? lines[line! - 1]!.trim() : label}` };
  });
}

/** The shortest run to the violation: who takes which step, at its line of `file` or else by its words. */
export function runOf(model: RaceModel, file: string, text: string): string[] {
  return stepsOf(model, file, text).map((step) => step.text);
}

/** The same without the steps that stand elsewhere. */
export function ownRunOf(model: RaceModel, file: string, text: string): string[] {
  return stepsOf(model, file, text).flatMap((step) => (step.isOwn ? [step.text] : []));
}
