import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { CallChainView, ChainEdge, ChainNode } from "../../../server/src/protocol/views.ts";
import { breakLines, layoutChain } from "./chain-layout.ts";

function viewOf(nodes: ChainNode[], edges: ChainEdge[]): CallChainView {
  return {
    root: "file:///linux",
    finding: "f",
    rule: "iput-under-evict",
    severity: "warning",
    message: "",
    filesystem: "fs/a",
    table: "a_sops",
    operation: "evict_inode",
    confidence: "high",
    contexts: [],
    withoutWay: [],
    moreWays: 0,
    conditions: [],
    nodes,
    edges,
    others: [],
  };
}

/** Any graph, circles and all: functions of a few files that call each other. */
const graphs = fc
  .integer({ min: 1, max: 14 })
  .chain((count) =>
    fc.record({
      files: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: count, maxLength: count }),
      names: fc.array(fc.string({ minLength: 1, maxLength: 70 }), { minLength: count, maxLength: count }),
      calls: fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1), fc.array(fc.string(), { maxLength: 5 })), {
        maxLength: 24,
      }),
    }),
  )
  .map(({ files, names, calls }) =>
    viewOf(
      files.map((file, i) => ({
        id: String(i),
        role: "call" as const,
        title: names[i]!,
        file: `fs/${file}.c`,
        line: i + 1,
        contexts: [],
      })),
      calls.map(([from, to, guards]) => ({ from: String(from), to: String(to), file: "fs/a.c", line: 1, guards })),
    ),
  );

test("whatever calls what, no two boxes touch, all lie inside, and each stands in one frame of its own file", () => {
  fc.assert(
    fc.property(graphs, (view) => {
      const { boxes, groups, width, height } = layoutChain(view);
      expect(boxes).toHaveLength(view.nodes.length);
      for (const { x } of groups) expect(x).toBeGreaterThanOrEqual(0);
      for (const [i, a] of boxes.entries()) {
        expect(a.x).toBeGreaterThanOrEqual(0);
        expect(a.y).toBeGreaterThanOrEqual(0);
        expect(a.x + a.width).toBeLessThanOrEqual(width);
        expect(a.y + a.height).toBeLessThanOrEqual(height);
        for (const b of boxes.slice(i + 1)) {
          const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
          expect(apart, `${a.node.id} and ${b.node.id}`).toBe(true);
        }
        const around = groups.filter(
          ({ file, x, y, width: w, height: h }) =>
            file === a.node.file && x <= a.x && y <= a.y && x + w >= a.x + a.width && y + h >= a.y + a.height,
        );
        expect(around.length).toBeGreaterThan(0);
      }
    }),
    { numRuns: 200 },
  );
});

/** As wide as the page's text font draws it, and a little more. */
const nameWidth = (name: string): number => 6.4 * name.length;

test("the name of a frame ends before the arrows that come into it", () => {
  fc.assert(
    fc.property(graphs, (view) => {
      const { boxes, groups, arrows } = layoutChain(view);
      const inside = ({ x, y, width, height }: (typeof groups)[number], id: string): boolean => {
        const box = boxes.find(({ node }) => node.id === id)!;
        return x <= box.x && box.x < x + width && y <= box.y && box.y < y + height;
      };
      for (const group of groups) {
        for (const { edge, from, to, straightFrom } of arrows) {
          if (!inside(group, edge.to) || inside(group, edge.from) || from.y > group.y) continue;
          expect(straightFrom).toBe(group.y);
          expect(group.x + 9 + nameWidth(group.name)).toBeLessThan(to.x - 4);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test("a frame of narrow boxes is widened to hold its whole name, one with neighbours, too", () => {
  const node = (id: string, file: string): ChainNode => ({ id, role: "way", title: id, file, line: 1, contexts: [] });
  const edge = (from: string, to: string): ChainEdge => ({ from, to, file: "", line: 1, guards: [] });
  const files = [
    "mm/vmscan.c",
    "mm/shrinker.c",
    "fs/a/a-very-long-name-of-a-file.c",
    "fs/b/another-long-name-of-a-file.c",
  ];
  const { groups } = layoutChain(
    viewOf(
      files.map((file, i) => node("abcd".charAt(i), file)),
      [edge("a", "b"), edge("b", "c"), edge("b", "d")],
    ),
  );
  expect(groups.map(({ name }) => name)).toEqual(files);
  for (const { x } of groups) expect(x).toBeGreaterThanOrEqual(0);
});

test("a caller stands above what it calls, unless they call each other", () => {
  const node = (id: string): ChainNode => ({ id, role: "call", title: id, file: "a.c", line: 1, contexts: [] });
  const edge = (from: string, to: string): ChainEdge => ({ from, to, file: "a.c", line: 1, guards: [] });
  const { boxes } = layoutChain(
    viewOf(["a", "b", "c", "d"].map(node), [edge("a", "b"), edge("b", "c"), edge("a", "c"), edge("d", "c")]),
  );
  const top = (id: string) => boxes.find((box) => box.node.id === id)!.y;
  expect(top("a")).toBeLessThan(top("b"));
  expect(top("b")).toBeLessThan(top("c"));
  // A shorter way ends beside the longer one.
  expect(top("d")).toBe(top("b"));
});

test("titles break at blanks, and a word that is too long is cut", () => {
  expect(breakLines("one two three", 7)).toEqual(["one two", "three"]);
  expect(breakLines("abcdefghij kl", 4)).toEqual(["abcd", "efgh", "ij", "kl"]);
  expect(breakLines("", 4)).toEqual([""]);
});
