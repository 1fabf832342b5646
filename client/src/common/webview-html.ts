/**
 * The one place that writes a webview's HTML. Nothing is allowed but the bundle's script, by nonce, and its style sheet;
 * no inline code, no inline style, no network.
 */
import { Uri, type Webview } from "vscode";

export interface WebviewPage {
  readonly title: string;
  /** Path of the script and of the style sheet in the extension, without extension: `dist/webview/simulator`. */
  readonly bundle: string;
  /** Id of the element that the bundle draws into. */
  readonly rootId: string;
}

/** Resources that a page may load: the webview bundles alone. */
export function webviewRoots(extension: Uri): Uri[] {
  return [Uri.joinPath(extension, "dist", "webview")];
}

export function makeWebviewHtml(webview: Webview, extension: Uri, page: WebviewPage): string {
  const script = webview.asWebviewUri(Uri.joinPath(extension, `${page.bundle}.js`)).toString();
  const style = webview.asWebviewUri(Uri.joinPath(extension, `${page.bundle}.css`)).toString();
  const nonce = makeNonce();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource}`,
    `font-src ${webview.cspSource}`,
    `img-src ${webview.cspSource} data:`,
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(page.title)}</title>
<link rel="stylesheet" href="${escapeHtml(style)}">
</head>
<body>
<div id="${page.rootId}"></div>
<script nonce="${nonce}" src="${escapeHtml(script)}"></script>
</body>
</html>
`;
}

/** 128 random bits from the platform's own generator, as hexadecimal digits. */
export function makeNonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
