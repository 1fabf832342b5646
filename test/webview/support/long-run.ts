/**
 * A run of any length with any number of threads, for what only size can show (virtual rows, many lanes). Threads take
 * and drop locks, sleep and wake each other as a small scheduler with a fixed seed decides; no model stands behind it.
 */
import type { HostMessage, PanelMessage } from "../../../server/src/protocol/simulator.ts";
import { SIMULATOR_PROTOCOL } from "../../../server/src/protocol/simulator.ts";
import type { ModelView, Run, StateView, TraceRow } from "../../../server/src/protocol/simulator-view.ts";
import type { PanelHost } from "./panel-page.ts";

const LOCKS = ["i_lock[A]", "i_lock[B]", "inode_hash_lock", "s_umount", "lru_lock", "journal"];

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

export function longRun(threads: number, steps: number): { readonly model: ModelView; readonly run: Run } {
  const pick = random(7);
  const held = LOCKS.map(() => -1);
  const asleep = new Set<number>();
  const wants = new Map<number, number>();
  const rows: TraceRow[] = [];
  const status = () =>
    Array.from({ length: threads }, (_, thread) => {
      if (asleep.has(thread)) return "s";
      const lock = wants.get(thread);
      return lock !== undefined && held[lock] !== -1 && held[lock] !== thread ? "b" : "r";
    }).join("");
  while (rows.length < steps) {
    const thread = pick(threads);
    if (status()[thread] !== "r") {
      // Somebody has to go on: the first who can drops everything and wakes everybody.
      if (status().includes("r")) continue;
      asleep.clear();
      continue;
    }
    const mine = held.flatMap((holder, lock) => (holder === thread ? [lock] : []));
    const wanted = wants.get(thread) ?? -1;
    const base = { thread, took: [] as number[], dropped: [] as number[], wakes: [] as TraceRow["wakes"][number][] };
    let label: string;
    if (wanted >= 0) {
      held[wanted] = thread;
      wants.delete(thread);
      base.took.push(wanted);
      label = `spin_lock(&${LOCKS[wanted]})`;
    } else if (mine.length > 0 && pick(3) > 0) {
      const lock = mine[mine.length - 1] as number;
      held[lock] = -1;
      base.dropped.push(lock);
      for (const [other, want] of wants) if (want === lock) base.wakes.push({ thread: other, what: LOCKS[lock] ?? "" });
      label = `spin_unlock(&${LOCKS[lock]})`;
    } else if (mine.length === 0 && pick(9) === 0 && asleep.size < threads - 2) {
      asleep.add(thread);
      label = "schedule()";
    } else if (asleep.size > 0 && pick(3) === 0) {
      for (const other of asleep) base.wakes.push({ thread: other, what: "__I_NEW" });
      asleep.clear();
      label = "inode_wake_up_bit(inode, __I_NEW)";
    } else {
      // Locks are taken in ascending order only, so that nothing deadlocks.
      const lowest = mine.length === 0 ? 0 : (mine[mine.length - 1] as number) + 1;
      if (lowest < LOCKS.length) wants.set(thread, lowest + pick(LOCKS.length - lowest));
      label = "inode->i_state |= I_FREEING";
    }
    rows.push({
      ...base,
      label,
      status: status(),
      changes: [],
      source: { file: "fs/inode.c", line: 697 + pick(50) },
    });
  }
  const names = Array.from({ length: threads }, (_, i) => (i === 0 ? "kswapd" : `lookup ${i}`));
  return {
    model: {
      id: "long-run",
      title: "A long run",
      kind: "test",
      summary: "Many threads, many steps.",
      assumptions: [],
      sources: [],
      threads: names.map((name, i) => ({
        name,
        sign: i === 0 ? "K" : String(i),
        context: i === 0 ? ["MEMALLOC"] : [],
      })),
      locks: LOCKS.map((name, i) => ({ name, kind: i < 3 ? "spin" : "sleep" })),
      invariants: [],
      toggles: [],
    },
    run: {
      id: 1,
      kind: "manual",
      rows,
      initialStatus: "r".repeat(threads),
      end: { kind: "open", message: "Somebody can go on." },
      traceString: "long-run",
    },
  };
}

function stateOf(model: ModelView, run: Run, at: number): StateView {
  const letters = at === 0 ? run.initialStatus : (run.rows[at - 1]?.status ?? "");
  const holder = model.locks.map((_, lock) => {
    for (let i = at - 1; i >= 0; i--) {
      if (run.rows[i]?.dropped.includes(lock)) return null;
      if (run.rows[i]?.took.includes(lock)) return run.rows[i]?.thread ?? null;
    }
    return null;
  });
  return {
    modelId: model.id,
    row: at,
    threads: model.threads.map((thread, index) => {
      const letter = letters[index];
      const status = letter === "s" ? "asleep" : letter === "b" ? "blocked" : "enabled";
      return {
        index,
        name: thread.name,
        context: thread.context,
        daemon: false,
        status,
        next: { step: "next", label: "next step" },
        ...(status === "enabled"
          ? {}
          : {
              reason: {
                kind: "lock" as const,
                text: status === "asleep" ? "asleep on __I_NEW" : "waits for a lock",
                holders: [],
              },
            }),
        holds: [],
        rcuReader: false,
        locals: [],
        moved: at > 0 && run.rows[at - 1]?.thread === index,
      };
    }),
    slots: [],
    hashChain: [],
    hashChainChanged: false,
    locks: model.locks.map((lock, index) => ({
      name: lock.name,
      kind: lock.kind === "spin" ? "spin" : "sleep",
      holder: holder[index] ?? null,
      changed: at > 0 && (run.rows[at - 1]?.took.includes(index) || run.rows[at - 1]?.dropped.includes(index)) === true,
      waiters: [],
    })),
    queues: [],
    groups: [],
    enabled: model.threads.flatMap((thread, index) =>
      letters[index] === "r"
        ? [{ index, threadIndex: index, thread: thread.name, step: "next", label: "next step", alternative: 0 }]
        : [],
    ),
    violations: [],
    terminal: false,
    text: "",
  };
}

/** A host that knows this one run. */
export function longRunHost(threads: number, steps: number): (answer: (message: HostMessage) => void) => PanelHost {
  const { model, run } = longRun(threads, steps);
  return (answer) => ({
    receive(data) {
      const message = data as PanelMessage;
      if (message.t === "ready") {
        answer({ t: "catalogue", items: [], protocol: SIMULATOR_PROTOCOL, choose: false });
        answer({ t: "model", model });
        answer({ t: "run", run, at: message.restore?.at ?? 0 });
      } else if (message.t === "states") {
        const states = [];
        for (let at = message.from; at <= Math.min(message.to, run.rows.length); at++)
          states.push(stateOf(model, run, at));
        answer({ t: "states", run: run.id, from: message.from, states });
      }
    },
  });
}
