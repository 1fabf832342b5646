import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkHostMessage, checkPanelMessage } from "./simulator.ts";

describe("checkPanelMessage", () => {
  test.each([
    [{ t: "ready", protocol: 1 }],
    [{ t: "ready", protocol: 1, restore: { model: "m", toggles: [{ name: "t", value: true }], trace: "", at: 0 } }],
    [{ t: "toggle", name: "t", value: 3 }],
    [{ t: "reveal", file: "fs/inode.c", line: 1, later: "fields that a newer panel adds" }],
  ])("takes %j", (message) => {
    expect(checkPanelMessage(message)).toEqual({ ok: true, value: message });
  });

  test.each([
    [{ t: "reveal", file: "fs/inode.c", line: 0 }, "reveal.line: expected a whole number from 1"],
    [{ t: "export", format: "exe", run: 1 }, 'export.format: expected one of text, svg, mermaid, promela; got "exe"'],
    [{ t: "ready", protocol: 1, restore: { model: "m" } }, "ready.restore.toggles: expected a list, got undefined"],
    [{ t: "toggle", name: "t", value: null }, "toggle.value: expected text, got null"],
    [{ t: "__proto__" }, 'message: unknown kind "__proto__"'],
    [Object.create({ t: "cancel" }), "ok"],
  ])("refuses %j", (message, error) => {
    const checked = checkPanelMessage(message);
    expect(checked.ok ? "ok" : checked.error).toContain(error);
  });

  test("never throws, whatever it is given", () => {
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom("ready", "choose", "states", "openTrace", "toggle"), (value, t) => {
        checkPanelMessage(value);
        checkPanelMessage({ t, ...(typeof value === "object" ? value : { run: value }) });
        checkHostMessage({ t: "run", run: value, at: value });
      }),
      { numRuns: 300 },
    );
  });
});

test("checkHostMessage names the field that is wrong", () => {
  const row = {
    thread: 0,
    label: "x",
    status: "r",
    took: [],
    dropped: [],
    wakes: [{ thread: "0", what: "" }],
    changes: [],
  };
  const run = {
    id: 1,
    kind: "start",
    rows: [row],
    initialStatus: "r",
    end: { kind: "open", message: "" },
    traceString: "",
  };
  expect(checkHostMessage({ t: "run", at: 0, run })).toEqual({
    ok: false,
    error: expect.stringContaining("run.run.rows[0].wakes[0].thread: expected a whole number"),
  });
});
