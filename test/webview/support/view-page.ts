/**
 * Opens a view's built page in a real Chromium, as VS Code would: its bundle, the theme's variables, a stand-in for the
 * webview API, and the policy that the extension gives its webviews.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import type { ViewHostMessage, ViewPageMessage } from "../../../server/src/protocol/view-messages.ts";
import { bundleWebview } from "./bundle.ts";
import { type ThemeName, themeClass, themeSheet } from "./themes.ts";

export interface ViewPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Everything that the page posted, oldest first. */
  readonly posted: ViewPageMessage[];
  /** Exceptions, refused scripts and styles. */
  readonly problems: string[];
  post(message: ViewHostMessage | object): Promise<void>;
  /** The first message of a kind; what the page posts comes some time after the key that made it. */
  waitForPosted<T extends ViewPageMessage["t"]>(t: T): Promise<Extract<ViewPageMessage, { t: T }>>;
  close(): Promise<void>;
}

export interface ViewOptions {
  readonly view: "survey" | "chain";
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  /** Sent when the page says that it listens; again after each reload. */
  readonly first?: ViewHostMessage;
}

/** The state lives as long as the tab, as VS Code's outlives a reload of the window. */
const API = `
  window.acquireVsCodeApi = () => ({
    postMessage: (message) => window.hostReceive(JSON.stringify(message)),
    getState: () => JSON.parse(sessionStorage.getItem("state") ?? "null") ?? undefined,
    setState: (state) => sessionStorage.setItem("state", JSON.stringify(state)),
  });
`;
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'";

export async function openView(browser: Browser, options: ViewOptions): Promise<ViewPage> {
  const { view, theme = "dark", width = 1280, height = 860, first } = options;
  const bundle = await bundleWebview(`${view}.ts`);
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Evictscope</title>
<link rel="stylesheet" href="theme.css"><link rel="stylesheet" href="view.css"></head>
<body class="${themeClass(theme)}"><div id="evictscope-${view}"></div>
<script src="api.js"></script><script src="view.js"></script></body></html>`;
  const files: Readonly<Record<string, readonly [string, string]>> = {
    "/": ["text/html", html],
    "/api.js": ["text/javascript", API],
    "/view.js": ["text/javascript", bundle.js],
    "/view.css": ["text/css", bundle.css],
    "/theme.css": ["text/css", themeSheet(theme)],
  };
  const server = createServer((request, response) => {
    const file = files[request.url ?? "/"];
    if (!file) {
      response.writeHead(request.url === "/favicon.ico" ? 204 : 404).end();
      return;
    }
    response.writeHead(200, { "content-type": `${file[0]}; charset=utf-8`, "content-security-policy": POLICY });
    response.end(file[1]);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const context = await browser.newContext({ viewport: { width, height } });
  const page = await context.newPage();
  const posted: ViewPageMessage[] = [];
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  const post = async (message: object): Promise<void> => {
    await page.evaluate((json) => window.postMessage(JSON.parse(json), "*"), JSON.stringify(message));
  };
  await page.exposeBinding("hostReceive", (_source, json: string) => {
    const message = JSON.parse(json) as ViewPageMessage;
    posted.push(message);
    if (message.t === "ready" && first !== undefined) void post(first);
  });
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return {
    page,
    context,
    posted,
    problems,
    post,
    async waitForPosted(t) {
      await expect.poll(() => posted.some((message) => message.t === t)).toBe(true);
      return posted.find((message) => message.t === t) as never;
    },
    async close() {
      await context.close();
      await new Promise((done) => server.close(done));
    },
  };
}
