/** One lens above each implementation: what it is, who reaches it, what was found; a click opens the simulator. */
import type { CodeLens } from "vscode-languageserver";
import type { Review } from "../core/report/finding.ts";
import {
  CLIENT_COMMANDS,
  type FindingArguments,
  type OpenSimulatorArguments,
  SERVER_COMMANDS,
} from "../protocol/messages.ts";
import type { Settings } from "../protocol/settings.ts";
import { summariseImplementation } from "./summarise-implementation.ts";

export interface CodeLensRequest {
  readonly root: string;
  readonly file: string;
  readonly review: Review;
  readonly settings: Settings;
  /** Whether the client runs `evictscope.openSimulator`. */
  readonly panels: boolean;
  /** Whether the server can write the simulator as a page instead; with neither, lenses are plain text. */
  readonly pages: boolean;
}

/** What the simulator opens for an operation without findings: the protocol as it should be. */
const MODEL_WITHOUT_FINDING = "sync-evict-baseline";

export function provideCodeLens(request: CodeLensRequest): CodeLens[] {
  const lenses: CodeLens[] = [];
  // A function that two tables of one filesystem share gets one lens.
  const seen = new Set<string>();
  for (const entry of request.review.implementations) {
    if (entry.file !== request.file || !entry.defined) continue;
    const { title, findings } = summariseImplementation(entry, request.review, request.settings);
    const key = `${entry.line} ${title}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const line = Math.max(0, entry.line - 1);
    const range = { start: { line, character: 0 }, end: { line, character: 0 } };
    if (!request.panels) {
      const worst = findings[0];
      const argument: FindingArguments[] = worst === undefined ? [] : [{ root: request.root, finding: worst.id }];
      const command = request.pages
        ? { title: `${title} - simulate`, command: SERVER_COMMANDS.openSimulator, arguments: argument }
        : { title, command: "" };
      lenses.push({ range, command });
      continue;
    }
    const target: OpenSimulatorArguments =
      findings.length === 0
        ? { root: request.root, model: MODEL_WITHOUT_FINDING }
        : {
            root: request.root,
            findings: findings.map(({ id, rule, message, simulation }) => ({
              id,
              rule,
              message,
              model: simulation.model,
            })),
          };
    lenses.push({
      range,
      command: { title: `${title} - simulate`, command: CLIENT_COMMANDS.openSimulator, arguments: [target] },
    });
  }
  return lenses;
}
