/** Small random models: a few threads on two slots, locks, a wait queue, RCU, memory and two variables. */
import fc from "fast-check";
import type { RaceModel, Step } from "../../server/src/core/race/model.ts";

const simple = fc.constantFrom(
  "a = 1 - a",
  "b = b < 3 ? b + 1 : 0",
  "a = b > 1 ? 1 : 0",
  "X.DIRTY = 1",
  "X.DIRTY = 0; a = X.DIRTY",
  "Y.count = a",
  "p = X",
  "p = Y; p.DIRTY = 1",
  "n = b",
  "if (a) { b = 0 } else { n = 1 }",
  "wake(X, NEW)",
  "rcu_read_lock()",
  "rcu_read_unlock()",
  "assert(STATE, b < 4)",
  'assert(STATE, !(a && X.DIRTY), "both")',
);
const blocking = fc.constantFrom("wait(a)", "wait(!a || b > 0)", "wait(X.DIRTY)", "prepare_wait(X, NEW)", "sleep()");
const condition = fc.constantFrom("a", "b > 1", "X.DIRTY", "p != none && p.DIRTY", "n == 2", "Y.count == 1 && !a");

/** Steps that leave no lock held: well-bracketed regions only. */
const { steps } = fc.letrec<{ steps: Step[]; step: Step[] }>((tie) => ({
  steps: fc.array(tie("step"), { minLength: 1, maxLength: 3 }).map((list) => list.flat()),
  step: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    simple.map((text) => [text]),
    blocking.map((text) => [text]),
    fc
      .tuple(fc.constantFrom("l", "m", "i_lock[X]", "i_lock[Y]"), fc.array(simple, { minLength: 1, maxLength: 3 }))
      .map(([lock, body]) => [`lock(${lock})`, ...body, `unlock(${lock})`]),
    fc
      .tuple(fc.array(simple, { maxLength: 2 }))
      .map(([body]) => ["lock(l)", "lock(i_lock[X])", ...body, "unlock(i_lock[X])", "unlock(l)"]),
    // biome-ignore lint/suspicious/noThenProperty: the model language's own word
    fc.constant<Step[]>(["lock(m)", { if: "trylock(l)", then: ["a = 1", "unlock(l)"] }, "unlock(m)"]),
    // biome-ignore lint/suspicious/noThenProperty: the model language's own word
    fc.tuple(condition, tie("steps")).map(([text, body]) => [{ if: text, then: body }]),
    fc.tuple(tie("steps"), tie("steps")).map(([one, other]) => [
      {
        choose: [
          ["skip()", ...one],
          ["skip()", ...other],
        ],
      },
    ]),
    fc
      .array(simple, { minLength: 1, maxLength: 2 })
      .map((body) => ["k = 0", { while: "k < 2", loop: [...body, "k++"] }]),
    fc.tuple(condition, simple).map(([text, body]) => [{ while: text, loop: [body] }]),
  ),
}));

const locals = [
  { name: "p", type: "slot" as const },
  { name: "n", max: 3 },
  { name: "k", max: 3 },
];

export const randomModel: fc.Arbitrary<RaceModel> = fc
  .record({ one: steps, two: steps, count: fc.integer({ min: 1, max: 3 }), watched: condition, daemon: fc.boolean() })
  .map(({ one, two, count, daemon }) => ({
    format: 1,
    id: "random",
    title: "random",
    summary: "random",
    variables: [{ name: "a" }, { name: "b", max: 3 }],
    slots: { count: 2, names: ["X", "Y"], initial: [{ count: 0 }, { DIRTY: 1 }] },
    locks: [
      { name: "l", kind: "spin" },
      { name: "m", kind: "sleep" },
      { name: "i_lock", kind: "spin", per: "slot" },
    ],
    threads: [
      { name: "one", locals, steps: one },
      { name: "two", locals, count, daemon, steps: two },
    ],
    invariants: ["PROG", "STATE", { id: "USER", description: "b and Y", always: "!(b == 3 && Y.count == 1)" }],
  }));

/** What keeps slots alike, what gives new ones or frees them, and what names some. */
const alike = fc.constantFrom<Step>(
  "p = find(1)",
  "p = find(2)",
  "q = p",
  "p = none",
  "hash_add(p)",
  "hash_del(p)",
  "p.count++",
  "p.count--",
  "p.DIRTY = 1",
  "p.DIRTY = 0",
  "q.DIRTY = p.DIRTY",
  "lock(i_lock[p]); p.count++; unlock(i_lock[p])",
  "queue(work, p)",
  "pop(work, q)",
  "prepare_wait(p, NEW)",
  "sleep()",
  "wake(p, NEW)",
  "rcu_read_lock()",
  "rcu_read_unlock()",
  "wait(p == none || p.count == 0)",
  "wait(q != p)",
  "assert(STATE, p == none || p != q || p.DIRTY)",
);
const allocating = fc.constantFrom<Step>(
  "new_inode(p, 1)",
  "new_inode(q, 2)",
  "free_inode(p)",
  "call_rcu(p)",
  "p.FREEING = 1",
);
const naming = fc.constantFrom<Step>("X.DIRTY = 1", "assert(STATE, Z.count < 2)", "p = X");
const onSlots = fc.oneof(
  { weight: 12, arbitrary: alike },
  { weight: 2, arbitrary: allocating },
  { weight: 1, arbitrary: naming },
);
const guarded = fc.tuple(fc.constantFrom("p != none", "p == q", "p != none && p.DIRTY", "length(work) > 0"), onSlots);
const slotSteps = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: onSlots },
    // biome-ignore lint/suspicious/noThenProperty: the model language's own word
    { weight: 3, arbitrary: guarded.map(([text, step]): Step => ({ if: text, then: [step] })) },
    { weight: 1, arbitrary: guarded.map(([text, step]): Step => ({ while: text, loop: [step] })) },
  ),
  { minLength: 2, maxLength: 6 },
);
const references = [
  { name: "p", type: "slot" as const },
  { name: "q", type: "slot" as const },
];

const choice: Step = { choose: [["p = X"], ["p = Y"], ["p = Z"]] };

/** Models that reach slots through references, most of the time: what slot symmetry is for. */
export const randomSlotModel: fc.Arbitrary<RaceModel> = fc
  .record({
    one: slotSteps,
    two: slotSteps,
    chooses: fc.boolean(),
    equal: fc.boolean(),
    count: fc.integer({ min: 1, max: 2 }),
    slots: fc.integer({ min: 3, max: 4 }),
    live: fc.integer({ min: 2, max: 3 }),
  })
  .map(({ one, two, chooses, equal, count, slots, live }) => ({
    format: 1,
    id: "random-slots",
    title: "random",
    summary: "random",
    slots: {
      count: slots,
      names: ["X", "Y", "Z", "W"].slice(0, slots),
      initial: (equal
        ? [{ ino: 1 }, { ino: 1 }, { ino: 1 }]
        : [{ ino: 1, hashed: 1 }, { ino: 2, hashed: 2 }, { ino: 3 }]
      ).slice(0, live),
    },
    locks: [{ name: "i_lock", kind: "spin", per: "slot" }],
    queues: [{ name: "work", capacity: 2 }],
    threads: [
      { name: "one", locals: references, steps: [...(chooses ? [choice] : []), ...one] },
      { name: "two", locals: references, count, steps: [...(chooses ? [choice] : []), ...two] },
    ],
    invariants: ["PROG", "UNIQ", "UAF"],
  }));
