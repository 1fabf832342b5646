import { describe, expect, test } from "vitest";
import type { ModelView, Run, TraceRow } from "../../../server/src/protocol/simulator-view.ts";
import { geometryOf, layoutLanes } from "./geometry.ts";

const MODEL: ModelView = {
  id: "m",
  title: "m",
  kind: "test",
  summary: "",
  assumptions: [],
  sources: [],
  threads: [
    { name: "evict", sign: "E", context: [] },
    { name: "lookup", sign: "L", context: [] },
  ],
  locks: [
    { name: "hash", kind: "spin" },
    { name: "i_lock", kind: "spin" },
  ],
  invariants: [],
  toggles: [],
};

function row(thread: number, status: string, more: Partial<TraceRow> = {}): TraceRow {
  return { thread, label: "", status, took: [], dropped: [], wakes: [], changes: [], ...more };
}

function run(rows: readonly TraceRow[]): Run {
  return { id: 1, kind: "manual", rows, initialStatus: "rr", end: { kind: "open", message: "" }, traceString: "" };
}

describe("geometryOf", () => {
  test("locks held at the same time stand beside each other; what is never dropped stays open", () => {
    const { bars, widest } = geometryOf(
      MODEL,
      run([
        row(0, "rb", { took: [0] }),
        row(0, "rb", { took: [1] }),
        row(0, "rr", { dropped: [0] }),
        row(1, "rr", { took: [0] }),
      ]),
    );
    expect(bars).toEqual([
      { thread: 0, lock: 0, from: 0, to: 2, place: 0, open: false },
      { thread: 0, lock: 1, from: 1, to: 4, place: 1, open: true },
      { thread: 1, lock: 0, from: 3, to: 4, place: 0, open: true },
    ]);
    expect(widest).toBe(2);
  });

  test("life lines change where a thread's standing changes", () => {
    const { stretches } = geometryOf(MODEL, run([row(1, "rs"), row(0, "rs"), row(0, "dr")]));
    expect(stretches).toEqual([
      { thread: 1, state: "r", from: -1, to: 0 },
      { thread: 0, state: "r", from: -1, to: 2 },
      { thread: 1, state: "s", from: 0, to: 2 },
      { thread: 0, state: "d", from: 2, to: 3 },
      { thread: 1, state: "r", from: 2, to: 3 },
    ]);
  });

  test("a sleeper is woken, a blocked thread is let on, a wake-up may find nobody", () => {
    const wakes = [{ thread: 1, what: "x" }];
    const { arrows } = geometryOf(
      MODEL,
      run([row(1, "rs"), row(0, "rb", { wakes }), row(0, "rr", { wakes }), row(0, "rr", { lostWake: true })]),
    );
    expect(arrows.map(({ kind, row: at, to }) => [kind, at, to])).toEqual([
      ["wake", 1, 1],
      ["handover", 2, 1],
      ["lost", 3, undefined],
    ]);
  });
});

describe("layoutLanes", () => {
  const lengths = (threads: number) => Array.from({ length: threads }, () => 20);

  test("few threads get room for text, many stand close together with the text beside them", () => {
    expect(layoutLanes(lengths(3), 900, 2, false).mode).toBe("wide");
    const compact = layoutLanes(lengths(12), 900, 2, false);
    expect(compact.mode).toBe("compact");
    expect(compact.textStart).toBeLessThan(620);
    for (const threads of [1, 2, 3, 8, 12, 40]) {
      for (const width of [200, 500, 900, 2000]) {
        const { lanes, textStart, mode } = layoutLanes(lengths(threads), width, 3, true);
        expect(lanes).toHaveLength(threads);
        expect([...lanes].sort((a, b) => a - b)).toEqual(lanes);
        if (mode === "compact") expect(Math.max(...lanes)).toBeLessThan(textStart);
      }
    }
  });

  test("a thread without steps leaves its room to the others", () => {
    const all = layoutLanes([30, 30, 30], 900, 1, false);
    const two = layoutLanes([30, 0, 30], 900, 1, false);
    expect(two.laneWidths[1]).toBeLessThan((all.laneWidths[1] ?? 0) / 2);
    expect(two.laneWidths[0]).toBeGreaterThan(all.laneWidths[0] ?? 0);
    expect(layoutLanes([20, 0, 0, 0, 20], 900, 1, false).mode).toBe("wide");
  });
});
