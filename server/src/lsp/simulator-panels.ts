/** Relays between the client's panels and the simulator's sessions, and knows what a panel was opened for. */
import type { CancellationToken, Connection } from "vscode-languageserver";
import { isDesignModelId } from "../core/extract/filesystem/design-models.ts";
import type { RaceModel } from "../core/race/model.ts";
import type { Finding } from "../core/report/finding.ts";
import { catalogueModel } from "../core/report/simulation-models.ts";
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
import type { DesignSource } from "../service/simulator-ports.ts";
import type { RootReview } from "./root-review.ts";
import { filesystemOfCell, modelOfCell } from "./serve-designs.ts";

/** Sessions open at once; a client that opens more has lost track of its panels. */
const PANEL_LIMIT = 32;

/** What panels need of the trees under review. */
export interface PanelPorts {
  readonly review: (root: string) => RootReview | undefined;
  readonly finding: (root: string, id: string) => Finding | undefined;
}

interface OpenPanel {
  readonly session: PanelSession;
  readonly root: RootReview | undefined;
  /** Of the model that was made for it, when it is one of a finding. */
  readonly finding: string | null;
  content: string;
  readonly send: (message: unknown) => void;
}

export interface PanelServer {
  /** The trees have been reviewed again: panels on a finding's own model show what the code is now. */
  reviewed(): void;
}

export function servePanels(connection: Connection, panels: PanelSessions, ports: PanelPorts): PanelServer {
  const open = new Map<number, OpenPanel>();
  connection.onRequest(
    SIMULATOR_OPEN_REQUEST,
    async (params: SimulatorOpenParams, token: CancellationToken): Promise<SimulatorOpenResult> => {
      if (open.size >= PANEL_LIMIT) return { title: "", refusal: "Too many simulator panels are open: close one." };
      const root = params.root === undefined ? undefined : ports.review(params.root);
      const finding =
        params.root !== undefined && params.finding !== undefined
          ? ports.finding(params.root, params.finding)
          : undefined;
      if (params.finding !== undefined && finding === undefined) {
        return { title: "", refusal: "The finding is gone: the code has changed since." };
      }
      const named = params.model;
      const { made, model, notice } = await modelFor(root, finding, params.model, panels, token);
      open.get(params.panel)?.session.dispose();
      const send = (message: unknown): void => {
        const out: SimulatorMessageParams = { panel: params.panel, message };
        void connection.sendNotification(SIMULATOR_MESSAGE_NOTIFICATION, out);
      };
      const session = panels.create(
        {
          ...(model === undefined ? {} : { model }),
          ...(made === undefined ? {} : { made }),
          ...(finding === undefined ? {} : { finding }),
          ...designsOf(root, finding?.filesystem ?? (named === undefined ? undefined : filesystemOfCell(root, named))),
          ...(params.root === undefined ? {} : { root: params.root }),
        },
        send,
      );
      const content = JSON.stringify(made ?? null);
      open.set(params.panel, {
        session,
        root,
        finding: made === undefined ? null : (finding?.id ?? null),
        content,
        send,
      });
      const title = finding === undefined ? (model ?? "Race simulator") : `${finding.rule}: ${finding.function}()`;
      return notice === undefined ? { title } : { title, notice };
    },
  );
  connection.onNotification(SIMULATOR_MESSAGE_NOTIFICATION, (params: SimulatorMessageParams) => {
    open.get(params.panel)?.session.receive(params.message);
  });
  connection.onNotification(SIMULATOR_CLOSE_NOTIFICATION, (params: SimulatorCloseParams) => {
    open.get(params.panel)?.session.dispose();
    open.delete(params.panel);
  });
  connection.onShutdown(() => {
    for (const { session } of open.values()) session.dispose();
    open.clear();
  });
  return {
    reviewed: () => {
      for (const panel of open.values()) void showAgain(panel);
    },
  };
}

/** Where the panel's filesystem is known, its designs can be compared. */
function designsOf(
  root: RootReview | undefined,
  filesystem: string | undefined,
): { readonly designs: DesignSource } | Record<string, never> {
  const has = root?.latest?.review.implementations.some((entry) => entry.filesystem === filesystem);
  if (root === undefined || filesystem === undefined || has !== true) return {};
  const patient = { isCancellationRequested: false };
  return {
    designs: {
      table: () => root.query({ name: "designs", filesystem }, patient),
      model: (id) => modelOfCell(root, id, patient),
    },
  };
}

/** The model that a panel opens on: of the finding's own code, of a cell of the table of designs, or of the catalogue. */
async function modelFor(
  root: RootReview | undefined,
  finding: Finding | undefined,
  named: string | undefined,
  panels: PanelSessions,
  token: CancellationToken,
): Promise<{ readonly made?: RaceModel; readonly model?: string; readonly notice?: string }> {
  if (finding !== undefined && root !== undefined) {
    const made = await root.query({ name: "model", finding }, token);
    if (made !== null && !("reason" in made)) return { made, model: made.id };
    const model = catalogueModel(finding.rule);
    const reason = made === null ? "the tree is being reviewed" : made.reason;
    return { model, notice: `No model of this code: ${reason}. This is the catalogue's example of ${finding.rule}.` };
  }
  if (named === undefined) return {};
  if (isDesignModelId(named) && root !== undefined) {
    const made = await modelOfCell(root, named, token);
    if (made !== null) return { made, model: named };
  }
  if (panels.knows(named)) return { model: named };
  const notice = `The model ${named} is not in this release's catalogue; choose another one from the list.`;
  return { model: named, notice };
}

async function showAgain(panel: OpenPanel): Promise<void> {
  const { root, finding: id, session, send } = panel;
  if (root === undefined || id === null) return;
  const finding = root.latest?.review.findings.find((each) => each.id === id);
  if (finding === undefined) {
    const message = "The finding is gone: the code has changed since. What is shown is the code as it was.";
    if (panel.content !== "") send({ t: "error", message, about: "open" });
    panel.content = "";
    return;
  }
  const made = await root.query({ name: "model", finding }, { isCancellationRequested: false });
  if (made === null || "reason" in made) return;
  const content = JSON.stringify(made);
  if (content === panel.content) return;
  panel.content = content;
  session.show(made);
}
