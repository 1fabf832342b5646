/** A simulator session for one panel of the editor: what it opens on, and its turns in the server's event loop. */
import { getModel, listModels } from "../core/race/catalogue/index.ts";
import type { PanelSession, PanelSessions, PanelSubject } from "./panel-subject.ts";
import { type Opening, SimulatorSession } from "./simulator-session.ts";

/** A subject without a model, or with one that the catalogue lacks, opens the catalogue itself. */
export const panelSessions: PanelSessions = {
  knows: (model) => getModel(model) !== undefined,
  create: createPanelSession,
};

function createPanelSession(subject: PanelSubject, send: (message: unknown) => void): PanelSession {
  const session = new SimulatorSession(
    {
      post: send,
      defer: (work) => void setTimeout(work, 0),
      now: () => Date.now(),
      // Clipboard, files and source lines are the client's; it answers such messages without passing them on.
      outside: (message) => send({ t: "error", message: "Only the editor can do this.", about: message.t }),
    },
    { models: listModels(), ...(subject.designs === undefined ? {} : { designs: subject.designs }) },
    openingFor(subject),
  );
  return {
    receive: (message) => session.receive(message),
    show: (model) => session.open({ model }),
    dispose: () => session.dispose(),
  };
}

function openingFor(subject: PanelSubject): Opening | undefined {
  // A run of a finding's own model fits no other, and the session finds the failing run of what it opens by itself.
  if (subject.made !== undefined) return { model: subject.made };
  if (subject.model === undefined || getModel(subject.model) === undefined) return undefined;
  return { model: subject.model };
}
