/** Entry of dist/webview/simulator-engine.js: the race engine for a self-contained page, on the page's own thread. */
import type { SimulatorPageEngine } from "../protocol/simulator-page.ts";
import { SimulatorSession } from "../service/simulator-session.ts";

/** Without a worker the page must not freeze; the session works in slices and hands the thread back after each. */
const engine: SimulatorPageEngine = {
  connect: (data, post) => {
    const { opening } = data;
    return new SimulatorSession(
      {
        post,
        defer: (work) => void setTimeout(work, 0),
        now: () => performance.now(),
        // The page answers these before they come here.
        outside: () => {},
      },
      { models: data.models },
      opening,
    );
  },
};

(globalThis as { evictscopeSimulator?: SimulatorPageEngine }).evictscopeSimulator = engine;
