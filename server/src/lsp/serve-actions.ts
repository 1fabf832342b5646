/** Code actions and the commands behind them: fixes with a preview, suppression, the simulator's page, mails. */
import {
  type CodeAction,
  type Connection,
  LSPErrorCodes,
  MessageType,
  ResponseError,
  ShowMessageNotification,
  type TextDocuments,
  type WorkspaceEdit,
} from "vscode-languageserver";
import type { TextDocument } from "vscode-languageserver-textdocument";
import type { FixOffer } from "../core/query/queries.ts";
import type { RaceModel } from "../core/race/model.ts";
import type { Finding } from "../core/report/finding.ts";
import {
  type FindingArguments,
  MAIL_REQUEST,
  type MailResult,
  type PageResult,
  SERVER_COMMANDS,
  SUPPRESS_REQUEST,
  type SuppressParams,
  type SuppressResult,
} from "../protocol/messages.ts";
import { type EditSupport, makeFixEdit } from "../service/make-fix-edit.ts";
import { makeSuppressionEdit } from "../service/make-suppression-edit.ts";
import {
  FINDINGS_WITH_FIXES,
  type FixData,
  findingsHere,
  provideCodeActions,
} from "../service/provide-code-actions.ts";
import { simulatorPageData } from "../service/simulator-page-data.ts";
import { uriOf } from "../service/tree-location.ts";
import { writeFindingMail } from "../service/write-finding-mail.ts";
import type { Pages } from "./environment.ts";
import { lineText } from "./line-text.ts";
import type { RequestToken } from "./root-review.ts";
import type { Workspace } from "./workspace.ts";

export interface ActionSupport extends EditSupport {
  /** An action's change is made when the user looks at it. */
  readonly resolvesEdits: boolean;
  /** The client opens a file that the server names (window/showDocument). */
  readonly showsDocuments: boolean;
}

/** States of a search for the interleaving of a mail: somebody waits for it. */
const MAIL_STATES = 500_000;
const GONE = "The finding is gone: the code has changed since.";

export function serveActions(
  connection: Connection,
  documents: TextDocuments<TextDocument>,
  workspace: Workspace,
  pages: Pages | null,
  support: ActionSupport,
): void {
  connection.onCodeAction(async ({ textDocument, range, context }, token) => {
    const place = workspace.placeOf(textDocument.uri);
    const review = place?.root.latest?.review;
    const document = documents.get(textDocument.uri);
    if (place === null || review === undefined || document === undefined) return [];
    if (context.only?.every((kind) => kind !== "quickfix" && kind !== "") === true) return [];
    const request = {
      file: place.path,
      range,
      diagnostics: context.diagnostics,
      review,
      settings: workspace.settingsOf(place.root.root),
    };
    const findings = findingsHere(request);
    const fixes = new Map<string, readonly FixOffer[]>();
    for (const finding of findings.slice(0, FINDINGS_WITH_FIXES))
      fixes.set(finding.id, (await place.root.query({ name: "fixes", finding }, token)) ?? []);
    const actions = provideCodeActions({
      ...request,
      root: place.root.root,
      findings,
      fixes,
      panels: workspace.capabilities.panels,
      pages: pages !== null,
      lineAt: (line) => lineText(document, line),
    });
    return support.resolvesEdits ? actions : Promise.all(actions.map((action) => resolve(action, token)));
  });

  const resolve = async (action: CodeAction, token: RequestToken): Promise<CodeAction> => {
    const data = action.data as Partial<FixData> | null | undefined;
    if (typeof data?.root !== "string" || typeof data.finding !== "string" || typeof data.fix !== "string")
      return action;
    const root = workspace.review(data.root);
    const finding = workspace.finding(data.root, data.finding);
    const fix =
      root === undefined || finding === undefined
        ? null
        : await root.query({ name: "fix", finding, fix: data.fix }, token);
    if (root === undefined || fix === null) return { ...action, disabled: { reason: GONE } };
    return { ...action, edit: makeFixEdit(root.root, fix, support, (file) => root.versionOf(file) ?? null) };
  };
  connection.onCodeActionResolve(resolve);

  const suppress = (params: SuppressParams): SuppressResult => {
    const finding = workspace.finding(params.root, params.finding);
    if (finding === undefined) return { refusal: GONE };
    const uri = documents.keys().find((key) => {
      const place = workspace.placeOf(key);
      return place?.root.root === params.root && place.path === finding.file;
    });
    const document = uri === undefined ? undefined : documents.get(uri);
    if (document === undefined) return { refusal: `Open ${finding.file} first.` };
    const made = makeSuppressionEdit({
      rule: finding.rule,
      reason: params.reason,
      anchor: finding.line - 1,
      lineAt: (line) => lineText(document, line),
    });
    if ("refusal" in made) return made;
    const edit: WorkspaceEdit = { changes: { [uri ?? uriOf(params.root, finding.file)]: [made.edit] } };
    return { edit };
  };
  connection.onRequest(SUPPRESS_REQUEST, suppress);

  const modelOf = async (root: string, finding: Finding, token: RequestToken): Promise<RaceModel | null> => {
    const model = (await workspace.review(root)?.query({ name: "model", finding }, token)) ?? null;
    return model === null || "reason" in model ? null : model;
  };

  const mail = async ({ root, finding }: FindingArguments, token: RequestToken): Promise<MailResult> => {
    const found = workspace.finding(root, finding);
    const held = workspace.review(root);
    const review = held?.latest?.review;
    if (found === undefined || held === undefined || review === undefined) return { refusal: GONE };
    const model = await modelOf(root, found, token);
    const verdict =
      model === null ? null : await held.query({ name: "verdict", finding: found, maxStates: MAIL_STATES }, token);
    const own = model === null || verdict === null ? null : { model, simulation: verdict.simulation };
    return { text: writeFindingMail(found, review, own) };
  };
  connection.onRequest(MAIL_REQUEST, mail);

  /** Where it was written is shown, or said, and answered. */
  const show = async (name: string, text: string): Promise<PageResult | ResponseError> => {
    if (pages === null) return refuse("This server cannot write files.");
    const written = pages.write(name, text);
    if (support.showsDocuments)
      await connection.window.showDocument({ uri: written.uri, external: name.endsWith(".html") });
    else {
      // A notification: a request would wait for an answer that some clients never give.
      const message = `Evictscope: ${written.path}`;
      await connection.sendNotification(ShowMessageNotification.type, { type: MessageType.Info, message });
    }
    return written;
  };

  const openSimulator = async (
    finding: Finding | undefined,
    model: RaceModel | null,
  ): Promise<PageResult | ResponseError> => {
    if (pages === null) return refuse("This server cannot write files.");
    const title = finding === undefined ? "Race simulator" : `${finding.rule}: ${finding.function}()`;
    return show("race-simulator.html", pages.simulator(title, simulatorPageData(finding, model)));
  };

  connection.onExecuteCommand(async ({ command, arguments: args }, token) => {
    const given = (args?.[0] ?? {}) as Partial<SuppressParams>;
    const { root, finding, reason } = given;
    if (command === SERVER_COMMANDS.openSimulator && root === undefined) return openSimulator(undefined, null);
    if (typeof root !== "string" || typeof finding !== "string") return refuse("expected { root, finding }");
    switch (command) {
      case SERVER_COMMANDS.suppress: {
        if (typeof reason !== "string") return refuse("expected { root, finding, reason }");
        const result = suppress({ root, finding, reason });
        if (result.refusal !== undefined) return refuse(result.refusal);
        await connection.workspace.applyEdit(result.edit as WorkspaceEdit);
        return undefined;
      }
      case SERVER_COMMANDS.openSimulator: {
        const found = workspace.finding(root, finding);
        return found === undefined ? refuse(GONE) : openSimulator(found, await modelOf(root, found, token));
      }
      case SERVER_COMMANDS.writeMail: {
        const { text, refusal } = await mail({ root, finding }, token);
        return text === undefined ? refuse(refusal ?? GONE) : show(`${finding}.txt`, text);
      }
      default:
        return undefined;
    }
  });
}

function refuse(reason: string): ResponseError {
  return new ResponseError(LSPErrorCodes.RequestFailed, reason);
}
