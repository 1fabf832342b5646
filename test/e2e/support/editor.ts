/** A real VS Code in Chromium: what a user would see and press, by the workbench's own names. Waits for events alone. */
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Frame, type Locator, type Page } from "playwright-core";
import { expect } from "vitest";
import { pathOf, repositoryRoot } from "../../support/requirements.ts";
import { removeTemporary } from "../../support/temporary-folder.ts";

/** A slow machine starts a workbench in half a minute. */
const PATIENCE = 60_000;

/** Where the status bar counts errors, warnings and informations. */
const PROBLEMS = "[id='status.problems'] a";

export class Editor {
  readonly page: Page;
  /** What the page wrote to its console as an error; for messages of failed tests. */
  readonly errors: string[] = [];
  readonly #context: BrowserContext;
  readonly #profile: string;

  private constructor(context: BrowserContext, page: Page, profile: string) {
    this.#context = context;
    this.page = page;
    this.#profile = profile;
    page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(message.text());
    });
  }

  /** Opens `address` in a browser with a profile of its own, which webviews' service workers need. */
  static async open(address: string): Promise<Editor> {
    const profile = mkdtempSync(join(tmpdir(), "evictscope-browser-"));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: pathOf("chromium"),
      args: ["--no-sandbox", "--disable-features=ForceThirdPartyCookieBlocking"],
      viewport: { width: 1440, height: 900 },
      permissions: ["clipboard-read", "clipboard-write"],
    });
    context.setDefaultTimeout(PATIENCE);
    const page = context.pages()[0] ?? (await context.newPage());
    const editor = new Editor(context, page, profile);
    await page.goto(address);
    await page.locator(".monaco-workbench .statusbar").waitFor();
    return editor;
  }

  /** Quick open: `fs/puntfs/inode.c:99`. */
  async openFile(path: string): Promise<void> {
    const { page } = this;
    const [file = path, line = "1"] = path.split(":");
    const folders = file.split("/").slice(0, -1).join("/");
    const widget = page.locator(".quick-input-widget");
    // Not the Enter key: it takes the row that is first at the moment, which need not be this one yet.
    const row = page.locator(".quick-input-list .monaco-list-row", { hasText: folders }).first();
    const open = async (): Promise<void> => {
      await page.keyboard.press("Control+P");
      await widget.locator(".quick-input-box input").first().fill(`${file}:${line}`, { timeout: 5_000 });
      await row.click({ timeout: 15_000 });
      await widget.waitFor({ state: "hidden", timeout: 5_000 });
    };
    // The list closes when the focus moves on its way to it, and a click on one that is drawn anew is lost.
    await this.#untilDone(4, open);
    await page
      .locator(".tabs-container .tab.active", { hasText: file.split("/").pop() ?? file })
      .first()
      .waitFor();
    await page
      .locator(`.breadcrumbs-control:visible`, { hasText: folders.split("/").pop() ?? "" })
      .first()
      .waitFor();
    await page.locator(`.statusbar >> text=/Ln ${line},/`).waitFor();
  }

  async goToLine(line: number): Promise<void> {
    const { page } = this;
    const there = page.locator(`.statusbar >> text=/Ln ${line},/`);
    const go = async (): Promise<void> => {
      await page.locator(".editor-group-container.active .monaco-editor .view-lines").first().click({ timeout: 5000 });
      await page.keyboard.press("Control+G");
      const input = page.locator(".quick-input-widget .quick-input-box input").first();
      await input.fill(`:${line}`, { timeout: 5000 });
      await input.press("Enter");
      await there.waitFor({ timeout: 5000 });
    };
    await this.#untilDone(4, go);
    await there.waitFor();
  }

  async command(title: string): Promise<void> {
    const { page } = this;
    const input = page.locator(".quick-input-widget .quick-input-box input").first();
    const rows = page.locator(".quick-input-list .monaco-list-row");
    // Not any row with this title: the Enter key takes the one in focus, and the list is filtered after the field.
    const row = page.locator(".quick-input-list .monaco-list-row.focused", { hasText: title });
    const open = async (): Promise<void> => {
      await page.keyboard.press("F1");
      await input.fill(`>${title}`, { timeout: 5000 });
      await row.waitFor({ timeout: 5000 });
      await input.press("Enter");
      await rows.filter({ hasText: title }).first().waitFor({ state: "hidden", timeout: 15_000 });
    };
    // A palette that was opened before the extensions were read does not learn of their commands; a panel that loads
    // takes the focus, and the palette closes.
    if (!(await this.#untilDone(8, open))) throw new Error(`the palette does not have "${title}"`);
  }

  /** Works with the quick input, and again from a closed one where that fails; whether it was done. */
  async #untilDone(attempts: number, work: () => Promise<void>): Promise<boolean> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const done = await work().then(
        () => true,
        () => false,
      );
      if (done) return true;
      await this.page.keyboard.press("Escape");
    }
    return false;
  }

  /** The status bar item of the extension. */
  get status(): Locator {
    return this.page.locator('.statusbar-item[id*="evictscope"]');
  }

  get squiggles(): Locator {
    return this.page.locator(".editor-group-container .squiggly-error");
  }

  get lenses(): Locator {
    return this.page.locator(".codelens-decoration a");
  }

  /** Waits until the extension says that its review is done. */
  async reviewed(patience = PATIENCE): Promise<void> {
    const settled = this.status.filter({ hasText: /\d+ findings?|failed/ });
    await settled.waitFor({ timeout: patience });
    const label = (await settled.locator("a").first().getAttribute("aria-label")) ?? "";
    if (label.includes("failed")) throw new Error(`the review failed: ${label}`);
  }

  /** Numbers of errors, warnings and informations as the status bar counts them now. */
  async problemCounts(): Promise<string> {
    return (await this.page.locator(PROBLEMS).first().getAttribute("aria-label")) ?? "";
  }

  /** Waits for these numbers: the workbench counts some time after it was given the diagnostics. */
  async problemsCounted(counts: string): Promise<void> {
    await expect.poll(() => this.problemCounts(), { timeout: PATIENCE }).toBe(counts);
  }

  /** Waits until the numbers are others than these. */
  async problemsChanged(counts: string): Promise<void> {
    await expect.poll(() => this.problemCounts(), { timeout: PATIENCE }).not.toBe(counts);
  }

  /** Rests the mouse on the first occurrence of `word` in a line, until a hover with `text` is there. */
  async hover(word: string, line: number, text: string): Promise<Locator> {
    const target = this.page
      .locator(".editor-group-container.active .view-line span span", { hasText: word })
      .filter({ hasText: new RegExp(`^\\s*${word}`) })
      .first();
    const shown = this.page.locator(".monaco-hover-content:visible", { hasText: text });
    // The editor gives a hover up when it scrolls, as it may still do on the way to the line.
    await this.#untilDone(4, async () => {
      await this.goToLine(line);
      await target.hover({ timeout: 5_000 });
      await shown.waitFor({ timeout: 15_000 });
    });
    await shown.waitFor();
    return shown;
  }

  /** Clicks on a row, and again where it was drawn anew under the click, until `shown` is there. */
  async clickUntil(target: Locator, shown: Locator): Promise<void> {
    await this.#untilDone(4, async () => {
      await target.click({ timeout: 5_000 });
      await shown.waitFor({ timeout: 5_000 });
    });
    await shown.waitFor();
  }

  /** Opens the quick fixes at the cursor and takes the one with this title, or has it shown first. */
  async codeAction(title: string, key: "Enter" | "Control+Enter" = "Enter"): Promise<void> {
    const { page } = this;
    const item = page.locator(".action-widget .monaco-list-row", { hasText: title }).first();
    // The key is lost while the focus is still on its way to the editor, and the menu closes when it arrives late.
    for (let attempt = 0; attempt < 10 && !(await item.isVisible()); attempt++) {
      await page.keyboard.press("Escape");
      await page.keyboard.press("Control+1");
      await page.keyboard.press("Control+.");
      await item.waitFor({ timeout: 5000 }).catch(() => {});
    }
    await item.waitFor();
    // By the keyboard: older workbenches lay a blind over the menu that takes the first click.
    for (let step = 0; step < 20 && !/\bfocused\b/.test((await item.getAttribute("class")) ?? ""); step++) {
      await page.keyboard.press("ArrowDown");
    }
    await page.keyboard.press(key);
  }

  /** Waits until the active editor shows this text. */
  async textOf(text: string): Promise<void> {
    // The editor draws every space as a no-break space.
    await this.page.waitForFunction(
      (wanted) =>
        [...document.querySelectorAll(".editor-group-container.active .view-line")].some((line) =>
          (line.textContent ?? "").replaceAll("\u00a0", " ").includes(wanted),
        ),
      text,
    );
  }

  /** A panel's document, two frames inside the workbench. */
  async panelFrame(panel: "simulator" | "survey" | "chain" = "simulator"): Promise<Frame> {
    const { page } = this;
    const deadline = Date.now() + PATIENCE;
    while (Date.now() < deadline) {
      for (const frame of page.frames()) {
        const root = await frame.$(`#evictscope-${panel}`).catch(() => null);
        if (root !== null) return frame;
      }
      await page.waitForTimeout(100);
    }
    throw new Error(`no ${panel} panel came; the console says: ${this.errors.slice(-5).join(" | ")}`);
  }

  /** The lines of the Eviction view. */
  get evictionRows(): Locator {
    return this.page.locator(".pane-body .monaco-list-row");
  }

  /** Shows the Eviction view by its icon in the activity bar. */
  async openEvictionView(): Promise<void> {
    const title = this.page.locator('.sidebar .title-label:has-text("Eviction")').first();
    // A click on the icon of the view that is shown would hide it.
    if (!(await title.isVisible())) {
      // The badge lies over the icon and takes the click for it.
      await this.page.locator('.activitybar .action-item a[aria-label^="Eviction"]').first().click({ force: true });
    }
    await title.waitFor();
  }

  /** Kept as build output: out/screenshots/<name>.png. */
  async screenshot(name: string): Promise<void> {
    const folder = join(repositoryRoot, "out", "screenshots");
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }

  async close(): Promise<void> {
    await this.#context.close();
    await removeTemporary(this.#profile);
  }
}
