/**
 * The comment that suppresses one finding: `/* evictscope: allow(rule-id): reason *\/` on the line above its anchor,
 * indented as the anchor is. A reason is required.
 */
import type { TextEdit } from "vscode-languageserver";
import type { RuleId } from "../core/report/finding.ts";

export interface SuppressionRequest {
  readonly rule: RuleId;
  readonly reason: string;
  /** The document's lines around the anchor: `anchor` is its 0-based line. */
  readonly anchor: number;
  readonly lineAt: (line: number) => string;
}

export type SuppressionEdit = { readonly edit: TextEdit } | { readonly refusal: string };

/** One line of the comment at most, in UTF-16 units: more belongs into the commit message. */
export const REASON_LIMIT = 300;

/** Why `reason` is not taken, in one line; null when it is. */
export function refuseReason(reason: string): string | null {
  const text = reason.trim();
  if (text === "") return "A reason is required: say why this is safe here.";
  if (text.includes("*/")) return "The reason must not contain */, which would end the comment.";
  if (/[\r\n]/.test(text)) return "The reason must be one line.";
  if (text.length > REASON_LIMIT) return `The reason must be at most ${REASON_LIMIT} characters long.`;
  return null;
}

/**
 * The comment without its reason, for clients that can't ask: it takes effect once somebody has written one behind the colon.
 */
export function makeOpenSuppressionEdit(request: Omit<SuppressionRequest, "reason">): TextEdit {
  return insertComment(request, "");
}

export function makeSuppressionEdit(request: SuppressionRequest): SuppressionEdit {
  const refusal = refuseReason(request.reason);
  if (refusal !== null) return { refusal };
  return { edit: insertComment(request, `${request.reason.trim()} `) };
}

function insertComment(request: Omit<SuppressionRequest, "reason">, reason: string): TextEdit {
  const anchorLine = request.lineAt(request.anchor);
  const indentation = /^[ \t]*/.exec(anchorLine)![0];
  const newline = /\r$|\r\n$/.test(anchorLine.replace(/\n$/, "")) ? "\r\n" : "\n";
  const above = request.anchor === 0 ? "" : request.lineAt(request.anchor - 1);
  // Inside a macro every line but the last ends in a backslash; the new one must, too.
  const continued = /\\\s*$/.test(above) ? " \\" : "";
  const comment = `/* evictscope: allow(${request.rule}): ${reason}*/`;
  const start = { line: request.anchor, character: 0 };
  return { range: { start, end: start }, newText: `${indentation}${comment}${continued}${newline}` };
}
