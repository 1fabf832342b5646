import { describe, expect, test } from "vitest";
import { HOSTILE, LIVELOCK, LOST_WAKE, ONE_SLOT } from "../../../test/webview/support/models.ts";
import { checkHostMessage, type HostMessage, type PanelMessage } from "../protocol/simulator.ts";
import type { Run, VerdictView } from "../protocol/simulator-view.ts";
import { type Opening, type OutsideMessage, SimulatorSession } from "./simulator-session.ts";

class Host {
  readonly messages: HostMessage[] = [];
  readonly outside: OutsideMessage[] = [];
  readonly session: SimulatorSession;
  private readonly work: (() => void)[] = [];

  constructor(opening?: Opening) {
    this.session = new SimulatorSession(
      {
        post: (message) => {
          // What the panel would refuse is a fault of the session.
          const checked = checkHostMessage(JSON.parse(JSON.stringify(message)));
          if (!checked.ok) throw new Error(checked.error);
          this.messages.push(message);
        },
        defer: (work) => void this.work.push(work),
        now: () => 0,
        outside: (message) => void this.outside.push(message),
      },
      { models: [LOST_WAKE, LIVELOCK, HOSTILE, ONE_SLOT] },
      opening,
    );
  }

  send(message: PanelMessage): this {
    this.session.receive(message);
    return this;
  }

  /** Runs what was put off, one piece, or all of it. */
  slice(): boolean {
    const next = this.work.shift();
    next?.();
    return next !== undefined;
  }

  settle(): this {
    while (this.slice());
    return this;
  }

  last<T extends HostMessage["t"]>(t: T): Extract<HostMessage, { t: T }> {
    const found = this.messages.findLast((message) => message.t === t);
    if (!found) throw new Error(`no "${t}" was posted`);
    return found as never;
  }

  get run(): Run {
    return this.last("run").run;
  }

  get verdict(): VerdictView {
    return this.last("verdict").verdict;
  }
}

const ready = { t: "ready", protocol: 1 } as const;

describe("opening", () => {
  test("nothing is posted before the panel is ready", () => {
    const host = new Host({ model: "lost-wake" });
    host.settle();
    expect(host.messages).toEqual([]);
    host.send(ready);
    expect(host.messages.map((message) => message.t).slice(0, 4)).toEqual(["catalogue", "model", "noVerdict", "run"]);
  });

  test("a model explores itself and shows the failing run", () => {
    const host = new Host({ model: "lost-wake" }).send(ready).settle();
    expect(host.verdict).toMatchObject({ verdict: "violated", invariant: "WAKE", asExpected: true });
    expect(host.run).toMatchObject({ kind: "counterexample", end: { kind: "deadlock", invariant: "WAKE" } });
    expect(host.last("run").at).toBe(host.run.rows.length);
    expect(host.run.rows.map((row) => row.label)).toContain("prepare_to_wait()");
    expect(host.run.rows.filter((row) => row.lostWake).map((row) => row.label)).toEqual([
      "inode_wake_up_bit(inode, __I_NEW)",
    ]);
  });

  test("with the fix on, the verdict changes and a passing run is shown", () => {
    const host = new Host({ model: "lost-wake" }).send(ready).settle();
    host.send({ t: "toggle", name: "locked", value: true }).settle();
    expect(host.last("model").model.toggles[0]).toMatchObject({ name: "locked", value: true, standard: false });
    expect(host.verdict).toMatchObject({ verdict: "holds", asExpected: true });
    expect(host.run).toMatchObject({ kind: "passing", end: { kind: "finished" } });
    host.send({ t: "resetToggles" }).settle();
    expect(host.verdict.verdict).toBe("violated");
  });

  test("an unknown model is an error and leaves the panel as it is", () => {
    const host = new Host().send(ready).send({ t: "open", id: "no-such" });
    expect(host.last("error").message).toContain("no-such");
  });
});

describe("rows", () => {
  test("locks are taken and dropped, sleepers woken, sources and changes told", () => {
    const host = new Host({ model: "lost-wake", toggles: { locked: true } }).send(ready).settle();
    host.send({ t: "show", kind: "start" });
    // lookup runs until it sleeps, then evict to its end.
    const choose = (thread: string) => {
      host.send({ t: "states", run: host.run.id, from: host.run.rows.length, to: host.run.rows.length });
      const step = host.last("states").states[0]?.enabled.find((transition) => transition.thread === thread);
      if (!step) throw new Error(`${thread} can't go on`);
      host.send({ t: "choose", run: host.run.id, at: host.run.rows.length, index: step.index });
    };
    for (const thread of ["lookup", "lookup", "lookup", "lookup", "evict", "evict", "evict", "evict"]) choose(thread);
    const rows = host.run.rows;
    const model = host.last("model").model;
    const locks = (indices: readonly number[] | undefined) => indices?.map((lock) => model.locks[lock]?.name);
    expect(locks(rows[0]?.took)).toEqual(["hash_lock"]);
    expect(locks(rows[3]?.dropped)).toEqual(["hash_lock"]);
    expect(rows.map((row) => row.status)).toEqual(["br", "br", "br", "rs", "rs", "rs", "rs", "dr"]);
    expect(rows.filter((row) => row.lostWake)).toEqual([]);
    expect(rows[7]?.wakes).toEqual([{ thread: 1, what: "A __I_NEW" }]);
    expect(rows[5]?.changes).toContain("A leaves the hash");
    expect(rows[4]?.source).toEqual({ file: "fs/inode.c", line: 498 });
    expect(host.run.end).toEqual({ kind: "open", message: "lookup can go on." });
  });

  test("a step that can't be taken, or belongs to another run, changes nothing", () => {
    const host = new Host({ model: "lost-wake" }).send(ready).settle();
    const run = host.run;
    host.send({ t: "choose", run: run.id, at: 0, index: 99 });
    expect(host.last("error").about).toBe("choose");
    host.send({ t: "choose", run: run.id - 1, at: 0, index: 0 });
    expect(host.run.id).toBe(run.id);
  });

  test("states come in bounded portions", () => {
    const host = new Host({ model: "livelock" }).send(ready).settle();
    host.send({ t: "show", kind: "start" }).send({ t: "extend", run: host.run.id, at: 0, steps: 1000 });
    expect(host.run.rows).toHaveLength(1000);
    host.send({ t: "states", run: host.run.id, from: 0, to: 100_000 });
    expect(host.last("states").states).toHaveLength(256);
    host.send({ t: "states", run: host.run.id, from: 998, to: 2000 });
    expect(host.last("states").states.map((state) => state.row)).toEqual([998, 999, 1000]);
  });

  test("a lasso says where its loop begins", () => {
    const host = new Host({ model: "livelock" }).send(ready).settle();
    expect(host.verdict).toMatchObject({ verdict: "violated", invariant: "PROG" });
    expect(host.run).toMatchObject({ kind: "counterexample", loopStart: 0, end: { kind: "lasso", invariant: "PROG" } });
  });
});

describe("exploring", () => {
  test("is cut into slices, tells its counts, and can be cancelled", () => {
    const host = new Host({ model: "lost-wake" }).send(ready).settle();
    host.send({ t: "explore" });
    expect(host.last("progress").phase).toBe("search");
    host.send({ t: "cancel" });
    expect(host.verdict.verdict).toBe("cancelled");
    const posted = host.messages.length;
    host.settle();
    expect(host.messages).toHaveLength(posted);
  });

  test("does not take a run away that was made by hand", () => {
    const host = new Host({ model: "lost-wake" }).send(ready).settle();
    host.send({ t: "show", kind: "start" }).send({ t: "choose", run: host.run.id, at: 0, index: 0 });
    expect(host.run.kind).toBe("manual");
    const run = host.run.id;
    host.send({ t: "explore" }).settle();
    expect(host.verdict.verdict).toBe("violated");
    expect(host.run.id).toBe(run);
    host.send({ t: "show", kind: "counterexample" });
    expect(host.run.kind).toBe("counterexample");
  });

  test("a limit is no proof", () => {
    const host = new Host({ model: "lost-wake", toggles: { locked: true } }).send(ready).settle();
    host.send({ t: "explore", maxStates: 3 }).settle();
    expect(host.verdict.verdict).toBe("bounded");
    expect(host.verdict.asExpected).toBeUndefined();
    expect(host.verdict.limit).toMatch(/3/);
  });
});

describe("traces", () => {
  test("a pasted trace brings its model and toggles", () => {
    const first = new Host({ model: "lost-wake", toggles: { locked: true } }).send(ready).settle();
    const { traceString, rows } = first.run;
    const second = new Host({ model: "livelock" }).send(ready).settle();
    second.send({ t: "openTrace", text: `  ${traceString}\n` }).settle();
    expect(second.last("model").model).toMatchObject({ id: "lost-wake", toggles: [{ value: true }] });
    expect(second.run).toMatchObject({ kind: "pasted", traceString });
    expect(second.run.rows).toHaveLength(rows.length);
    expect(second.verdict.verdict).toBe("holds");
  });

  test.each([
    ["nonsense", /no trace/],
    ["no-such#123456:a", /no-such/],
    ["lost-wake?locked=maybe#123456:a", /locked/],
    ["lost-wake?locked=false#123456:200z", /does not fit/],
  ])("%s is refused and leaves the run", (text, message) => {
    const host = new Host({ model: "lost-wake" }).send(ready).settle();
    const { id } = host.run;
    host.send({ t: "openTrace", text });
    expect(host.last("error").message).toMatch(message);
    expect(host.run.id).toBe(id);
  });

  test("a reload goes on where it was", () => {
    const host = new Host({ model: "lost-wake" }).send(ready).settle();
    const restore = {
      model: "lost-wake",
      toggles: [{ name: "locked", value: false }],
      trace: host.run.traceString,
      at: 2,
    };
    const again = new Host({ model: "livelock" }).send({ ...ready, restore }).settle();
    expect(again.last("run")).toMatchObject({ at: 2, run: { kind: "pasted", traceString: restore.trace } });
    expect(again.verdict.verdict).toBe("violated");
  });

  test.each([
    ["text", "lost-wake.txt", /evict +lookup/],
    ["svg", "lost-wake.svg", /^<svg /],
    ["mermaid", "lost-wake.mmd", /^sequenceDiagram/],
    ["promela", "lost-wake.pml", /\bproctype\b/],
  ] as const)("is exported as %s", (format, name, content) => {
    const host = new Host({ model: "lost-wake" }).send(ready).settle();
    host.send({ t: "export", format, run: host.run.id });
    expect(host.last("exported")).toMatchObject({ format, name });
    expect(host.last("exported").text).toMatch(content);
  });
});

test("what is no message is refused with the reason, and nothing else happens", () => {
  const host = new Host({ model: "lost-wake" }).send(ready).settle();
  const posted = host.messages.length;
  const wrong: unknown[] = [
    null,
    "ready",
    {},
    { t: "constructor" },
    { t: "choose", run: 1, at: -1, index: 0 },
    { t: "explore", maxStates: Number.POSITIVE_INFINITY },
    { t: "openTrace", text: "x".repeat(70_000) },
    { t: "toggle", name: "locked", value: { toString: 1 } },
    { t: "extend", run: 1, at: 0, steps: 1e9 },
  ];
  for (const message of wrong) host.session.receive(message);
  const answers = host.messages.slice(posted);
  expect(answers.map((message) => message.t)).toEqual(wrong.map(() => "error"));
  expect(answers.map((message) => (message.t === "error" ? message.message : ""))).toContainEqual(
    expect.stringContaining("choose.at: expected a whole number"),
  );
});

test("clipboard, files and source lines are the host's business", () => {
  const host = new Host().send(ready);
  host.send({ t: "copy", text: "x" }).send({ t: "reveal", file: "fs/inode.c", line: 697 });
  expect(host.outside).toEqual([
    { t: "copy", text: "x" },
    { t: "reveal", file: "fs/inode.c", line: 697 },
  ]);
});

test("a lock of the only slot has one name, as its holders use it", () => {
  const host = new Host({ model: "one-slot" }).send(ready).settle();
  expect(host.last("model").model.locks.map((lock) => lock.name)).toContain("i_lock[A]");
  expect(host.run.rows[0]?.took).toEqual([0]);
  host.send({ t: "states", run: host.run.id, from: 1, to: 1 });
  expect(host.last("states").states[0]?.locks[0]).toMatchObject({ name: "i_lock[A]", holder: 0 });
});
