/**
 * Entry of the self-contained page: dist/webview/simulator-page.js and simulator-page.css. The engine is on the page,
 * too (simulator-engine.js, loaded before); where the run stands is kept in the address, so that a link shares it.
 */
import "./styles/simulator.css";
import type { PanelMessage } from "../../server/src/protocol/simulator.ts";
import {
  PAGE_DATA_ID,
  PAGE_ROOT_ID,
  type SimulatorPageData,
  type SimulatorPageEngine,
} from "../../server/src/protocol/simulator-page.ts";
import { deliver, type PanelPort } from "./bridge.ts";
import { Panel } from "./panel.ts";
import { readMemory } from "./panel-state.ts";

declare global {
  var evictscopeSimulator: SimulatorPageEngine | undefined;
}

/**
 * Does each piece of work in a turn of its own, in order. Timers alone keep none: one that is set by a timer waits longer
 * (4 ms in the end), so that the last count of an exploration came behind the verdict that ended it.
 */
function inTurns(): (work: () => void) => void {
  const waiting: (() => void)[] = [];
  return (work) => {
    waiting.push(work);
    setTimeout(() => waiting.shift()?.(), 0);
  };
}

function pagePort(engine: SimulatorPageEngine, data: SimulatorPageData): PanelPort {
  let host: { receive(message: unknown): void } | undefined;
  let answer: (message: unknown) => void = () => {};
  // Each side gets a copy, a turn later and in order, as over a message port.
  const toHost = inTurns();
  const toPanel = inTurns();
  return {
    post: (message) => {
      if (isOutside(message)) void outside(message).then((words) => answer({ t: "done", ...words }));
      else toHost(() => host?.receive(structuredClone(message)));
    },
    listen: (receive, rejected) => {
      answer = (message) => deliver(message, receive, rejected);
      host = engine.connect(data, (message) => toPanel(() => answer(structuredClone(message))));
    },
    getState: () => readAddress(),
    setState: (state) => {
      const memory = readMemory(state);
      if (memory) history.replaceState(null, "", `#${encodeURIComponent(JSON.stringify(memory))}`);
    },
  };
}

/** What the address says about the run; anything else in it is no business of ours. */
function readAddress(): unknown {
  try {
    return JSON.parse(decodeURIComponent(location.hash.slice(1)));
  } catch {
    return undefined;
  }
}

type OutsideMessage = Extract<PanelMessage, { readonly t: "copy" | "save" | "reveal" }>;
interface Done {
  readonly what: "copied" | "saved" | "revealed";
  readonly message: string;
}

function isOutside(message: PanelMessage): message is OutsideMessage {
  return message.t === "copy" || message.t === "save" || message.t === "reveal";
}

async function outside(message: OutsideMessage): Promise<Done> {
  switch (message.t) {
    case "copy":
      await copy(message.text);
      return { what: "copied", message: "Copied." };
    case "save":
      save(message.name, message.text);
      return { what: "saved", message: `Saved as ${message.name}.` };
    case "reveal":
      // A page has no editor; the place can at least be pasted into one.
      await copy(`${message.file}:${message.line}`);
      return { what: "revealed", message: `${message.file}:${message.line} copied.` };
  }
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // A page from a file has no clipboard API; a selection can still be copied.
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "hidden-text";
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}

function save(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text]));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

const root = document.getElementById(PAGE_ROOT_ID);
const data = document.getElementById(PAGE_DATA_ID)?.textContent;
const engine = globalThis.evictscopeSimulator;
if (root && data && engine) new Panel(root, pagePort(engine, JSON.parse(data) as SimulatorPageData));
