import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Trace } from "./trace.ts";
import { traceToMermaid } from "./trace-mermaid.ts";
import { traceToSvg } from "./trace-svg.ts";
import { COMMIT_WIDTH, traceToText } from "./trace-text.ts";

const RACE: Trace = {
  modelId: "sample",
  title: "Lookup sleeps after the only wake-up",
  toggles: {},
  threads: [
    { name: "evict", context: ["MEMALLOC"] },
    { name: "lookup", context: [] },
  ],
  steps: [
    step(0, "evict", "spin_lock(&inode->i_lock)"),
    step(1, "lookup", "find_inode_fast(sb, head, ino)"),
    step(0, "evict", "inode->i_state |= I_FREEING"),
    step(0, "evict", "spin_unlock(&inode->i_lock)"),
    step(1, "lookup", "spin_lock(&inode->i_lock)"),
  ],
  locks: [
    { threadIndex: 0, lock: "i_lock[A]", from: 0, to: 3 },
    { threadIndex: 1, lock: "i_lock[A]", from: 4 },
  ],
  wakes: [{ fromThread: 0, toThread: 1, row: 3, since: 1, what: "i_lock[A]" }],
  violation: { invariant: "WAKE", kind: "state", message: "lookup sleeps and nobody will wake it" },
  traceString: "sample#0a1b2c:ab2ab",
};

function step(threadIndex: number, thread: string, label: string): Trace["steps"][number] {
  return { threadIndex, thread, step: label, label, alternative: 0 };
}

describe("traceToText", () => {
  test("puts each thread in a column", () => {
    expect(traceToText(RACE)).toBe(`Lookup sleeps after the only wake-up:

  evict                               lookup
  -----                               ------
  spin_lock(&inode->i_lock)
                                      find_inode_fast(sb, head, ino)
  inode->i_state |= I_FREEING
  spin_unlock(&inode->i_lock)
                                      spin_lock(&inode->i_lock)

WAKE: lookup sleeps and nobody will wake it

Trace: sample#0a1b2c:ab2ab
`);
  });

  test("says who was woken", () => {
    const wakes = [{ fromThread: 0, toThread: 1, row: 3, since: 1, what: "A __I_NEW" }];
    expect(traceToText({ ...RACE, wakes })).toContain("spin_unlock(&inode->i_lock)\n    [wakes lookup]\n");
  });

  test("breaks a call that is too long for its column where a reader would", () => {
    const text = traceToText({
      ...RACE,
      steps: [step(0, "evict", "spin_lock(&inode->i_sb->s_inode_list_lock)"), ...RACE.steps],
    });
    expect(text).toContain("\n  spin_lock(&inode->i_sb->\n    s_inode_list_lock)\n");
  });

  test("lists the steps when there are too many threads for columns", () => {
    const threads = ["a", "b", "c", "d"].map((name) => ({ name, context: [] }));
    const text = traceToText({
      ...RACE,
      threads,
      steps: threads.map((thread, i) => step(i, thread.name, `step of ${thread.name}`)),
      wakes: [],
      loopStart: 2,
    });
    expect(text).toContain("  b  step of b\n  ... from here for ever:\n  c  step of c");
  });

  test("keeps to its width whatever the labels", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(1), fc.string({ maxLength: 90 })), { maxLength: 12 }), (steps) => {
        const trace = {
          ...RACE,
          steps: steps.map(([thread, label]) =>
            step(thread, thread === 0 ? "evict" : "lookup", label.replace(/\s/g, " ")),
          ),
        };
        const lines = traceToText(trace).split("\n");
        for (const line of lines.filter((one) => !one.startsWith("Trace: "))) {
          expect(line.length).toBeLessThanOrEqual(COMMIT_WIDTH);
        }
      }),
      { numRuns: 50 },
    );
  });
});

const HOSTILE = `<script>alert("x")</script>; end %% #1 {a} & 'b'`;

describe("traceToMermaid", () => {
  test("draws threads, steps, wakes, the loop and the violation", () => {
    expect(traceToMermaid({ ...RACE, loopStart: 3 })).toBe(
      `sequenceDiagram
  title Lookup sleeps after the only wake-up
  participant T0 as evict (MEMALLOC)
  participant T1 as lookup
  Note over T0: spin_lock(#38;inode->i_lock)
  Note over T1: find_inode_fast(sb, head, ino)
  Note over T0: inode->i_state |= I_FREEING
  loop for ever
  Note over T0: spin_unlock(#38;inode->i_lock)
  T0->>T1: i_lock[A]
  Note over T1: spin_lock(#38;inode->i_lock)
  end
  Note over T0,T1: WAKE violated. lookup sleeps and nobody will wake it
`.replaceAll("->i_", "-#62;i_"),
    );
  });

  test("no name can end a statement or begin another", () => {
    const text = traceToMermaid({ ...RACE, title: HOSTILE, steps: [step(0, "evict", `${HOSTILE}\nend`)] });
    expect(text.split("\n").filter((line) => line.trim() === "end")).toEqual([]);
    expect(text).not.toMatch(/<script|%%/);
    expect(text.replace(/#\d+;/g, "")).not.toContain(";");
  });
});

describe("traceToSvg", () => {
  test("has a lane for each thread, a mark for each step, a bar for each lock held, an arrow for each wake", () => {
    const svg = traceToSvg(RACE);
    expect(svg.match(/<circle /g)).toHaveLength(5);
    expect(svg.match(/<rect x=/g)).toHaveLength(2);
    expect(svg.match(/marker-end="url\(#head\)"/g)).toHaveLength(1);
    expect(svg).toContain("WAKE: lookup sleeps and nobody will wake it");
    expect(svg).toContain("<desc>1. evict: spin_lock");
  });

  test("lets no name become markup", () => {
    const svg = traceToSvg({ ...RACE, title: HOSTILE, steps: [step(0, "evict", HOSTILE)], traceString: HOSTILE });
    expect(svg).not.toContain("<script");
    // Every tag is one of the writer's own.
    const tags = new Set([...svg.matchAll(/<\/?([a-z]+)/g)].map((match) => match[1]));
    expect([...tags].sort()).toEqual(
      ["circle", "defs", "desc", "line", "marker", "path", "rect", "svg", "text", "title"].sort(),
    );
  });
});
