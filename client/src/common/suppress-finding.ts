/** Asks for a suppression's reason and applies the edit that the server makes of it. */
import { window, workspace } from "vscode";
import type { BaseLanguageClient } from "vscode-languageclient";
import {
  SUPPRESS_REQUEST,
  type SuppressArguments,
  type SuppressParams,
  type SuppressResult,
} from "../../../server/src/protocol/messages.ts";

export async function suppressFinding(client: BaseLanguageClient, target: unknown): Promise<void> {
  if (!isSuppressArguments(target)) {
    void window.showInformationMessage("Evictscope: use the quick fix of a finding to suppress it.");
    return;
  }
  const reason = await window.showInputBox({
    title: `Suppress ${target.rule} here`,
    prompt: "Why is this safe here? The reason goes into the comment above the line.",
    ignoreFocusOut: true,
    validateInput: refuseReason,
  });
  if (reason === undefined || refuseReason(reason) !== null) return;
  const params: SuppressParams = { root: target.root, finding: target.finding, reason };
  const result = await client.sendRequest<SuppressResult>(SUPPRESS_REQUEST, params);
  if (result.refusal !== undefined) {
    void window.showWarningMessage(`Evictscope: ${result.refusal}`);
    return;
  }
  const edit = await client.protocol2CodeConverter.asWorkspaceEdit(
    result.edit as Parameters<typeof client.protocol2CodeConverter.asWorkspaceEdit>[0],
  );
  if (edit !== undefined && !(await workspace.applyEdit(edit))) {
    void window.showWarningMessage("Evictscope: the comment could not be inserted (is the file read-only?).");
  }
}

/** Refuses while the user types what the server would refuse, too. */
function refuseReason(reason: string): string | null {
  if (reason.trim() === "") return "A reason is required.";
  return reason.includes("*/") ? "The reason must not contain */." : null;
}

function isSuppressArguments(value: unknown): value is SuppressArguments {
  const given = value as Partial<SuppressArguments> | null | undefined;
  return typeof given?.root === "string" && typeof given.finding === "string" && typeof given.rule === "string";
}
