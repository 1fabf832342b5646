/** Puts a finding on the clipboard as a mail: plain text of 72 columns, ready to be pasted. */
import { env, window } from "vscode";
import type { BaseLanguageClient } from "vscode-languageclient";
import { type FindingArguments, MAIL_REQUEST, type MailResult } from "../../../server/src/protocol/messages.ts";

export async function copyMail(client: BaseLanguageClient, target: unknown): Promise<void> {
  if (!isFindingArguments(target)) {
    void window.showInformationMessage("Evictscope: use the quick fix of a finding to copy it as a mail.");
    return;
  }
  const params: FindingArguments = { root: target.root, finding: target.finding };
  const { text, refusal } = await client.sendRequest<MailResult>(MAIL_REQUEST, params);
  if (text === undefined) {
    void window.showWarningMessage(`Evictscope: ${refusal ?? "the finding is gone"}`);
    return;
  }
  await env.clipboard.writeText(text);
  void window.showInformationMessage("Evictscope: the finding was copied as a mail.");
}

function isFindingArguments(value: unknown): value is FindingArguments {
  const given = value as Partial<FindingArguments> | null | undefined;
  return typeof given?.root === "string" && typeof given.finding === "string";
}
