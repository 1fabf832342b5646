import { expect, test } from "vitest";
import type { SurveyCell, SurveyView } from "../../../server/src/protocol/views.ts";
import { surveyToCsv, surveyToMarkdown } from "./survey-export.ts";
import { FIRST_ORDER, rowsInOrder } from "./survey-order.ts";

const cell = (text: string, state: SurveyCell["state"] = "value"): SurveyCell => ({ state, text, findings: [] });
const view: SurveyView = {
  root: "file:///linux",
  name: "linux",
  kernelVersion: "6.12.1",
  revision: 1,
  columns: [
    { id: "dirties", title: "Dirties", hint: "" },
    { id: "drop_inode", title: "drop_inode", hint: "" },
  ],
  rows: [
    {
      filesystem: "fs/b",
      table: "b_ops",
      file: "fs/b/super.c",
      line: 7,
      cells: [cell("in reclaim", "reclaim"), cell("=cmd|' /C calc'")],
    },
    {
      filesystem: "fs/a",
      table: 'a"ops',
      file: "fs/a/super.c",
      line: 3,
      cells: [cell("no", "none"), cell("x, y\nz")],
    },
  ],
};

test("CSV quotes what needs it, and gives no spreadsheet a formula", () => {
  expect(surveyToCsv(view, view.rows)).toBe(
    [
      "Filesystem,Table,File,Line,Dirties,drop_inode",
      "fs/b,b_ops,fs/b/super.c,7,in reclaim,'=cmd|' /C calc'",
      'fs/a,"a""ops",fs/a/super.c,3,no,"x, y\nz"',
      "",
    ].join("\r\n"),
  );
});

test("Markdown is an aligned table whose cells cannot break it", () => {
  expect(surveyToMarkdown(view, view.rows)).toBe(
    [
      "Inode eviction in linux (Linux 6.12.1), by Evictscope",
      "",
      "| Filesystem | Dirties    | drop_inode       |",
      "|------------|------------|------------------|",
      "| fs/b       | in reclaim | =cmd\\|' /C calc' |",
      "| fs/a       | -          | x, y z           |",
      "",
    ].join("\n"),
  );
});

test("order: by a column with the worst first, by name where it is equal, filtered by words", () => {
  const names = (order: Partial<typeof FIRST_ORDER>) =>
    rowsInOrder(view, { ...FIRST_ORDER, ...order }).map(({ filesystem }) => filesystem);
  expect(names({ sort: "dirties" })).toEqual(["fs/b", "fs/a"]);
  expect(names({ sort: "dirties", descending: false })).toEqual(["fs/a", "fs/b"]);
  expect(names({ sort: "filesystem", descending: false })).toEqual(["fs/a", "fs/b"]);
  expect(names({ sort: "gone" })).toEqual(["fs/b", "fs/a"].toSorted().toReversed());
  expect(names({ filter: "RECLAIM b_ops" })).toEqual(["fs/b"]);
  expect(names({ onlyFindings: true })).toEqual([]);
});
