/** Relays between the client's panels and the simulator's sessions, and knows what a panel was opened for. */
import type { Connection } from "vscode-languageserver";
import type { Finding } from "../core/report/finding.ts";
import {
  SIMULATOR_CLOSE_NOTIFICATION,
  SIMULATOR_MESSAGE_NOTIFICATION,
  SIMULATOR_OPEN_REQUEST,
  type SimulatorCloseParams,
  type SimulatorMessageParams,
  type SimulatorOpenParams,
  type SimulatorOpenResult,
} from "../protocol/messages.ts";
import type { PanelSession, PanelSessions } from "../service/panel-subject.ts";

/** Sessions open at once; a client that opens more has lost track of its panels. */
const PANEL_LIMIT = 32;

export function servePanels(
  connection: Connection,
  panels: PanelSessions,
  findFinding: (root: string, id: string) => Finding | undefined,
): void {
  const sessions = new Map<number, PanelSession>();
  connection.onRequest(SIMULATOR_OPEN_REQUEST, (params: SimulatorOpenParams): SimulatorOpenResult => {
    if (sessions.size >= PANEL_LIMIT) return { title: "", refusal: "Too many simulator panels are open: close one." };
    const finding =
      params.root !== undefined && params.finding !== undefined ? findFinding(params.root, params.finding) : undefined;
    if (params.finding !== undefined && finding === undefined) {
      return { title: "", refusal: "The finding is gone: the code has changed since." };
    }
    const model = finding?.simulation.model ?? params.model;
    sessions.get(params.panel)?.dispose();
    const session = panels.create(
      {
        ...(model === undefined ? {} : { model }),
        ...(finding === undefined ? {} : { finding }),
        ...(params.root === undefined ? {} : { root: params.root }),
      },
      (message) => {
        const out: SimulatorMessageParams = { panel: params.panel, message };
        void connection.sendNotification(SIMULATOR_MESSAGE_NOTIFICATION, out);
      },
    );
    sessions.set(params.panel, session);
    const title = finding === undefined ? (model ?? "Race simulator") : `${finding.rule}: ${finding.function}()`;
    if (model === undefined || panels.knows(model)) return { title };
    return {
      title,
      notice: `The model ${model} is not in this release's catalogue; choose another one from the list.`,
    };
  });
  connection.onNotification(SIMULATOR_MESSAGE_NOTIFICATION, (params: SimulatorMessageParams) => {
    sessions.get(params.panel)?.receive(params.message);
  });
  connection.onNotification(SIMULATOR_CLOSE_NOTIFICATION, (params: SimulatorCloseParams) => {
    sessions.get(params.panel)?.dispose();
    sessions.delete(params.panel);
  });
  connection.onShutdown(() => {
    for (const session of sessions.values()) session.dispose();
    sessions.clear();
  });
}
