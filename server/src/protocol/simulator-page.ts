/**
 * The simulator as one self-contained page: the same panel, with models and engine inside, for reports and for editors
 * without webviews. Pure; bundles and hashes come from the caller.
 */
import type { RaceModel, ToggleSettings } from "../core/race/model.ts";
import type { HostMessage } from "./simulator.ts";

/** What stands in the page as JSON. */
export interface SimulatorPageData {
  readonly models: readonly RaceModel[];
  readonly opening?: {
    readonly model: string;
    readonly toggles?: ToggleSettings;
    readonly trace?: string;
  };
}

/** What the page's engine offers to its panel, as `globalThis.evictscopeSimulator`. */
export interface SimulatorPageEngine {
  connect(data: SimulatorPageData, post: (message: HostMessage) => void): { receive(message: unknown): void };
}

/** Ids of the page's elements. */
export const PAGE_ROOT_ID = "evictscope-simulator";
export const PAGE_DATA_ID = "evictscope-data";

export interface SimulatorPageParts {
  readonly title: string;
  readonly data: SimulatorPageData;
  /** dist/webview/simulator-engine.js, dist/webview/simulator-page.js and dist/webview/simulator-page.css. */
  readonly engineScript: string;
  readonly panelScript: string;
  readonly styleSheet: string;
  /** SHA-256 of a text as UTF-8, in base64: the page's policy allows these three texts and nothing else. */
  readonly sha256: (text: string) => string;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** An end tag inside a script or style would end it. Both have other ways to write `/`. */
function checkInline(text: string, what: string): string {
  if (/<\/(script|style)|<!--/i.test(text)) throw new Error(`${what} holds a tag and cannot stand inside a page`);
  return text;
}

export function makeSimulatorPage(parts: SimulatorPageParts): string {
  const engine = checkInline(parts.engineScript, "the engine's script");
  const panel = checkInline(parts.panelScript, "the panel's script");
  const style = checkInline(parts.styleSheet, "the style sheet");
  // `<` cannot begin a tag in JSON that writes it as an escape.
  const data = JSON.stringify(parts.data).replaceAll("<", "\\u003c");
  const policy = [
    "default-src 'none'",
    // The engine compiles its search to WebAssembly; that is no eval of text.
    `script-src 'sha256-${parts.sha256(engine)}' 'sha256-${parts.sha256(panel)}' 'wasm-unsafe-eval'`,
    `style-src 'sha256-${parts.sha256(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(parts.title)}</title>
<style>${style}</style>
</head>
<body>
<div id="${PAGE_ROOT_ID}"></div>
<script type="application/json" id="${PAGE_DATA_ID}">${data}</script>
<script>${engine}</script>
<script>${panel}</script>
</body>
</html>
`;
}
