/**
 * No function that eviction can reach has a parse error. Macros are read as what their replacement is (an expression,
 * statements, a declaration, an initialiser, ...); the few whose replacement is no piece of C are counted apart.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Body, FunctionBodies } from "../../server/src/core/ir/function-bodies.ts";
import { describeWith, pathOf, type Requirement } from "../support/requirements.ts";
import { reviewNow, sessionOf } from "../support/review.ts";

const TREES: readonly { requirement: Requirement; name: string; bodies: number; fragments: readonly string[] }[] = [
  {
    requirement: "kernel-6.12",
    name: "Linux 6.12",
    bodies: 10_500,
    fragments: [
      // A parameter takes the parentheses of a call: `printk y`.
      "CHKCOND",
      // A parameter is called `do` and is a statement.
      "DLM_ASSERT",
      // Another macro's call is a cast: `(cast(x) f(x))`.
      "genradix_ptr",
      "genradix_ptr_alloc",
      // Closes a loop that another macro opens.
      "while_each_pid_task",
    ],
  },
  {
    requirement: "kernel-6.1",
    name: "Linux 6.1",
    bodies: 9_000,
    fragments: ["CHKCOND", "DLM_ASSERT", "while_each_pid_task"],
  },
];

describe.each(TREES)("what eviction reaches in $name", ({ requirement, name, bodies: atLeast, fragments }) => {
  describeWith(requirement, name, () => {
    const bodies = new Set<Body>();
    const { of, ofMacro } = FunctionBodies.prototype;

    beforeAll(async () => {
      const note = (body: Body | null) => {
        if (body !== null) bodies.add(body);
        return body;
      };
      FunctionBodies.prototype.of = function (reference) {
        return note(of.call(this, reference));
      };
      FunctionBodies.prototype.ofMacro = function (reference) {
        return note(ofMacro.call(this, reference));
      };
      await reviewNow(sessionOf(pathOf(requirement)));
    }, 900_000);

    afterAll(() => {
      Object.assign(FunctionBodies.prototype, { of, ofMacro });
    });

    const broken = (isMacro: boolean) =>
      [...bodies].filter((body) => body.ir.parseErrors > 0 && (body.function === null) === isMacro);

    test("no function has an error", () => {
      expect(bodies.size).toBeGreaterThan(atLeast);
      expect(broken(false).map((body) => `${body.file.path}:${body.line}: ${body.name}`)).toEqual([]);
    });

    test("macros have none, but for replacements that are no piece of C", () => {
      expect(
        broken(true)
          .map((body) => body.name)
          .sort(),
      ).toEqual(fragments);
    });
  });
});
