/**
 * Opens the built panel in a real Chromium, in a page of its own: the bundle, the theme's variables and a stand-in for
 * VS Code's webview API, under the policy that the extension gives its webviews. What the panel posts reaches `host`;
 * what the host answers is posted to the panel, as VS Code does it.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import type { HostMessage, PanelMessage } from "../../../server/src/protocol/simulator.ts";
import { pathOf } from "../../support/requirements.ts";
import { type Bundle, bundleWebview } from "./bundle.ts";
import { type ThemeName, themeClass, themeSheet } from "./themes.ts";

export interface PanelHost {
  receive(message: unknown): void;
}

export interface PanelPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Everything that the panel posted, oldest first. */
  readonly posted: PanelMessage[];
  /** Errors of the page: exceptions, refused scripts and styles. */
  readonly problems: string[];
  post(message: HostMessage): Promise<void>;
  /** Waits until the panel has posted a message of this kind, beginning with the `from`th message. */
  waitForPosted<T extends PanelMessage["t"]>(t: T, from?: number): Promise<Extract<PanelMessage, { t: T }>>;
  close(): Promise<void>;
}

const CHROMIUM_ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: pathOf("chromium"), args: CHROMIUM_ARGUMENTS });
}

/** VS Code's API as far as a webview has it; the state lives as long as the tab, as VS Code's outlives a reload. */
const API = `
  window.acquireVsCodeApi = () => ({
    postMessage: (message) => window.hostReceive(JSON.stringify(message)),
    getState: () => JSON.parse(sessionStorage.getItem("state") ?? "null") ?? undefined,
    setState: (state) => sessionStorage.setItem("state", JSON.stringify(state)),
  });
`;

function pageHtml(theme: ThemeName): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Race simulator</title>
<link rel="stylesheet" href="theme.css">
<link rel="stylesheet" href="simulator.css">
</head>
<body class="${themeClass(theme)}">
<div id="evictscope-simulator"></div>
<script src="api.js"></script>
<script src="simulator.js"></script>
</body>
</html>
`;
}

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'";

async function serve(theme: ThemeName, bundle: Bundle): Promise<Server> {
  const files: Readonly<Record<string, readonly [string, string]>> = {
    "/": ["text/html", pageHtml(theme)],
    "/api.js": ["text/javascript", API],
    "/simulator.js": ["text/javascript", bundle.js],
    "/simulator.css": ["text/css", bundle.css],
    "/theme.css": ["text/css", themeSheet(theme)],
  };
  const server = createServer((request, response) => {
    const file = files[request.url ?? "/"];
    if (!file) {
      response.writeHead(request.url === "/favicon.ico" ? 204 : 404).end();
      return;
    }
    response.writeHead(200, {
      "content-type": `${file[0]}; charset=utf-8`,
      "content-security-policy": POLICY,
    });
    response.end(file[1]);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return server;
}

export interface PanelOptions {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  /** Makes the host; it gets the way to answer. Again after each reload. */
  readonly host?: (answer: (message: HostMessage) => void) => PanelHost;
}

export async function openPanel(browser: Browser, options: PanelOptions = {}): Promise<PanelPage> {
  const server = await serve(options.theme ?? "dark", await bundleWebview("simulator.ts"));
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1280, height: options.height ?? 860 },
  });
  const page = await context.newPage();
  const posted: PanelMessage[] = [];
  const problems: string[] = [];
  const waiting: (() => void)[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  const post = async (message: HostMessage) => {
    await page.evaluate((json) => window.postMessage(JSON.parse(json), "*"), JSON.stringify(message));
  };
  // Answers keep their order although each is delivered asynchronously.
  let delivery: Promise<void> = Promise.resolve();
  const answer = (message: HostMessage) => {
    delivery = delivery.then(() => post(message)).catch(() => {});
  };
  let host: PanelHost | undefined;
  await page.exposeBinding("hostReceive", (_source, json: string) => {
    const message = JSON.parse(json) as PanelMessage;
    if (message.t === "ready") host = options.host?.(answer);
    posted.push(message);
    for (const wake of waiting.splice(0)) wake();
    host?.receive(message);
  });
  const address = server.address() as AddressInfo;
  await page.goto(`http://127.0.0.1:${address.port}/`);
  return {
    page,
    context,
    posted,
    problems,
    post,
    async waitForPosted(t, from = 0) {
      const deadline = Date.now() + 20_000;
      for (;;) {
        const found = posted.slice(from).find((message) => message.t === t);
        if (found) return found as never;
        if (Date.now() > deadline) throw new Error(`the panel posted no "${t}"`);
        await new Promise<void>((done) => {
          const timer = setTimeout(done, 250);
          waiting.push(() => {
            clearTimeout(timer);
            done();
          });
        });
      }
    },
    async close() {
      await context.close();
      await new Promise((done) => server.close(done));
    },
  };
}
