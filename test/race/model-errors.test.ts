// biome-ignore-all lint/suspicious/noThenProperty: `then` is the model language's own word
/** Bad models get precise errors; the schema and the checker agree on what is good. */
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { listModels } from "../../server/src/core/race/catalogue/index.ts";
import type { ModelError, RaceModel } from "../../server/src/core/race/model.ts";
import { createStepper, explore, loadModel } from "../../server/src/core/race/simulator.ts";

const schema = JSON.parse(
  readFileSync(new URL("../../server/src/core/race/model-schema.json", import.meta.url), "utf8"),
) as object;
const conforms = new Ajv2020({ strict: false }).compile(schema);

const base = {
  format: 1,
  id: "tiny",
  title: "tiny",
  summary: "tiny",
  variables: [{ name: "a" }],
  locks: [{ name: "l", kind: "spin" }],
  threads: [{ name: "t", steps: ["lock(l)", "a = 1", "unlock(l)"] as unknown[] }],
  invariants: ["PROG"],
};
const withSteps = (...steps: unknown[]): unknown => ({ ...base, threads: [{ name: "t", steps }] });

function errorsOf(json: unknown): readonly ModelError[] {
  const loaded = loadModel(json);
  return "errors" in loaded ? loaded.errors : [];
}

describe("errors name thread, step and reason", () => {
  it.each<[string, unknown, RegExp]>([
    ["no object", 7, /expected an object, found a number/],
    ["a list", [], /expected an object, found a list/],
    ["nothing", null, /found null/],
    ["another format", { ...base, format: 2 }, /reads format 1, not 2/],
    ["an unknown key", { ...base, thread: [] }, /unknown key "thread"/],
    ["no threads", { ...base, threads: [] }, /at least one thread/],
    ["HTML as a name", { ...base, threads: [{ name: "<img src=x>", steps: [] }] }, /not a valid thread name/],
    ["a number out of range", { ...base, variables: [{ name: "a", max: 70000 }] }, /70000 is not between 1 and 255/],
    ["a fraction", { ...base, variables: [{ name: "a", max: 1.5 }] }, /whole number/],
    ["a name used twice", { ...base, variables: [{ name: "l" }, { name: "a" }] }, /"l" is used twice/],
    ["a syntax error", withSteps("lock(l"), /expected "\)", found "end of text", at column 7/],
    ["a strange character", withSteps("a = 1 # 2"), /unexpected character "#", at column 7/],
    ["an unknown name", withSteps("b = 1"), /b cannot be assigned to/],
    ["an unknown operation", withSteps("frobnicate(a)"), /unknown operation frobnicate\(\)/],
    ["inherited names", withSteps("constructor(a)"), /unknown operation constructor\(\)/],
    ["a lock held at the end", withSteps("lock(l)"), /ends while holding l/],
    ["a lock that is not held", withSteps("unlock(l)"), /releases l, which it does not hold/],
    ["a lock taken twice", withSteps("lock(l)", "lock(l)", "unlock(l)"), /takes l, which it holds already/],
    ["a context imbalance", withSteps({ if: "a", then: ["lock(l)"] }, "skip()"), /is reached with .* held/],
    ["a goto to nowhere", withSteps({ goto: "x" }), /there is no step "x"/],
    ["a cyclic goto", withSteps({ id: "x", goto: "x" }), /cyclic goto/],
    ["two gotos in a circle", withSteps({ id: "x", goto: "y" }, { id: "y", goto: "x" }), /cyclic goto/],
    ["an empty choice", withSteps({ choose: [[], []] }), /branch of a choose has no step/],
    [
      "recursion",
      {
        ...base,
        procedures: [{ name: "p", steps: [{ call: "p" }] }],
        threads: [{ name: "t", steps: [{ call: "p" }] }],
      },
      /calls itself/,
    ],
    ["too many threads", { ...base, threads: [{ name: "t", count: 200, steps: ["skip()"] }] }, /between 0 and 24/],
    ["a blocking step in the middle", withSteps("a = 1; wait(a)"), /must come first/],
    ["a step with two actions", withSteps({ do: "skip()", goto: "x" }), /exactly one of/],
    ["deep parentheses", withSteps(`a = ${"(".repeat(3000)}1${")".repeat(900)}`), /nested too deeply/],
    ["a very long text", withSteps("a = 1;".repeat(2000)), /longer than 4000/],
  ])("%s", (_, json, message) => {
    const errors = errorsOf(json);
    expect(errors.map((one) => one.message).join("\n")).toMatch(message);
    expect(errors[0]?.path.length).toBeGreaterThan(0);
  });

  it("says where: path, thread and step", () => {
    expect(errorsOf(withSteps("skip()", { id: "here", do: "b = 1" }))[0]).toMatchObject({
      path: "threads[0].steps[1].do",
      thread: "t",
      step: "here",
    });
  });

  it("ends quickly and with few errors on a mountain of nonsense", () => {
    const nested = (depth: number): unknown => (depth === 0 ? "skip()" : { if: "a", then: [nested(depth - 1)] });
    expect(errorsOf(withSteps(nested(200))).length).toBeGreaterThan(0);
    expect(errorsOf(withSteps(...Array.from({ length: 900 }, () => ({ nonsense: 1 })))).length).toBeLessThanOrEqual(
      100,
    );
    const wide = Array.from({ length: 90 }, (_, i) => ({
      name: `p${i}`,
      steps: i === 0 ? ["skip()"] : [{ call: `p${i - 1}` }, { call: `p${i - 1}` }],
    }));
    expect(
      errorsOf({ ...base, procedures: wide, threads: [{ name: "t", steps: [{ call: "p89" }] }] }).length,
    ).toBeGreaterThan(0);
  });

  it("never throws on any JSON", () => {
    fc.assert(fc.property(fc.jsonValue(), (json) => errorsOf(json).length > 0));
    fc.assert(
      fc.property(fc.string(), (text) => {
        loadModel(withSteps(text));
        loadModel(withSteps({ if: text, then: [text] }));
      }),
    );
  });
});

describe("limits", () => {
  const million: RaceModel = {
    ...(base as unknown as RaceModel),
    variables: [
      { name: "a", max: 250 },
      { name: "b", max: 250 },
      { name: "c", max: 250 },
    ],
    threads: ["a", "b", "c"].map((name) => ({ name, steps: [{ while: `${name} < 250`, loop: [`${name}++`] }] })),
  };
  it("are reported as bounded, never as holds", () => {
    for (const engine of ["wasm", "interpreter"] as const) {
      const outcome = explore(million, {
        maxStates: 5000,
        engine,
        reductions: { partialOrder: false, lockRegions: false },
      });
      expect(outcome.verdict).toBe("bounded");
      expect(outcome.limit).toMatchObject({ name: "maxStates", value: 5000 });
    }
    const small = explore(million, { maxBytes: 3_000_000, reductions: { partialOrder: false, lockRegions: false } });
    expect(small.limit?.name).toBe("maxBytes");
    expect(explore(million, {}, { isCancellationRequested: true }).limit?.name).toBe("cancelled");
  });
  it("of the model itself are no findings", () => {
    const model = {
      ...base,
      slots: { count: 1, initial: [{ ino: 1 }] },
      threads: [{ name: "t", locals: [{ name: "x", type: "slot" }], steps: ["new_inode(x)"] }],
    };
    const outcome = explore(model as unknown as RaceModel);
    expect(outcome).toMatchObject({
      verdict: "bounded",
      limit: { name: "model-bound" },
      violation: { artefact: true },
    });
  });
});

describe("the schema", () => {
  it.each(listModels().map((model) => [model.id, model] as const))("accepts %s", (_, model) => {
    expect(conforms(model), JSON.stringify(conforms.errors)).toBe(true);
  });
  it("refuses what is no model", () => {
    expect(conforms({ ...base, format: 2 })).toBe(false);
    expect(conforms(withSteps({ label: "does nothing" }))).toBe(false);
  });
});

describe("trace strings", () => {
  const model = listModels().find((one) => one.id === "evict-async-after-unhash") as RaceModel;
  it("are refused with a reason when they do not fit", () => {
    const stepper = createStepper(model);
    const good = explore(model).trace?.traceString as string;
    expect(stepper.replay("nonsense")).toMatchObject({ error: expect.stringMatching(/no trace string/) });
    expect(stepper.replay(good.replace(model.id, "other"))).toMatchObject({
      error: expect.stringMatching(/of model "other"/),
    });
    expect(stepper.replay(good.replace(/:.*/, ":zz"))).toMatchObject({
      error: expect.stringMatching(/step 1 .* does not fit/),
    });
    expect(stepper.rows).toBe(1);
    expect(stepper.replay(good)).toHaveProperty("view");
    expect(stepper.trace().violation?.invariant).toBe("UNIQ");
  });
  it("survive any text", () => {
    const stepper = createStepper(model);
    fc.assert(fc.property(fc.string(), (text) => "error" in stepper.replay(text)));
  });
});
