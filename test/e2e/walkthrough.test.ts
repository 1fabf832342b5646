/** The walkthrough, from a window without a tree to a fixed race, as a newcomer clicks through it in a real VS Code. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { describeWith } from "../support/requirements.ts";
import { removeTemporary } from "../support/temporary-folder.ts";
import { type CodeServer, startCodeServer } from "./support/code-server.ts";
import { Editor } from "./support/editor.ts";

describeWith(["chromium", "code-server"], "the walkthrough, clicked through", () => {
  let server: CodeServer;
  let editor: Editor;
  let home = "";
  const sample = (): string => join(home, "evictscope-sample");

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "evictscope-walkthrough-"));
    mkdirSync(join(home, "elsewhere"));
    server = await startCodeServer();
    editor = await Editor.open(server.addressOf(join(home, "elsewhere")));
  }, 240_000);

  afterAll(async () => {
    await editor?.close();
    await server?.stop();
    await removeTemporary(home);
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") await editor?.screenshot(`failed-${task.id}`);
  });

  const step = (title: string) => editor.page.locator(".getting-started-step", { hasText: title }).first();

  /** Opens the walkthrough, unfolds a step and clicks its button, until what it shows is there: the page redraws itself. */
  async function take(title: string, button: string, shown: () => Promise<unknown>): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      await editor.command("Evictscope: Get Started");
      await step(title).waitFor();
      if (!/\bexpanded\b/.test((await step(title).getAttribute("class")) ?? "")) await step(title).click();
      await step(title)
        .locator(".monaco-button", { hasText: button })
        .first()
        .click({ timeout: 10_000 })
        .catch(() => {});
      const isShown = shown().then(
        () => true,
        () => false,
      );
      if (attempt === 3 || (await Promise.race([isShown, editor.page.waitForTimeout(15_000)]))) break;
    }
  }

  /** The mark of a step that is done. */
  const isDone = async (title: string): Promise<void> => {
    await editor.command("Evictscope: Get Started");
    await step(title).locator(".codicon.complete").first().waitFor();
  };

  test("1: the sample tree is copied to a folder of the user's choice, and opened", async () => {
    const { page } = editor;
    await editor.command("Evictscope: Get Started");
    await step("Open the sample tree").locator(".monaco-button", { hasText: "Open Sample Tree" }).first().click();
    const path = page.locator(".quick-input-widget .quick-input-box input").first();
    // The dialog writes the folder that is open into its field when it has read it.
    await expect.poll(() => path.inputValue(), { timeout: 30_000 }).toContain("elsewhere");
    await path.fill(`${home}/`);
    await page.locator(".quick-input-list .monaco-list-row", { hasText: "elsewhere" }).first().waitFor();
    await page.locator(".quick-input-widget .monaco-button", { hasText: "evictscope-sample" }).first().click();
    await expect.poll(() => decodeURIComponent(page.url()), { timeout: 60_000 }).toContain(sample());
    await page.locator(".monaco-workbench .statusbar").waitFor();
    expect(existsSync(join(sample(), "fs/puntfs/inode.c"))).toBe(true);
    await isDone("Open the sample tree");
    await editor.screenshot("walkthrough-1");
  }, 180_000);

  test("2: the finding is shown in its line, with its squiggle", async () => {
    const { page } = editor;
    const tab = page.locator(".tabs-container .tab.active", { hasText: "inode.c" }).first();
    await take("Read a finding", "Show the Finding", () => tab.waitFor());
    await editor.reviewed();
    await page.locator(".editor-group-container.active .squiggly-error").first().waitFor();
    await editor.screenshot("walkthrough-2");
    await isDone("Read a finding");
  }, 180_000);

  test("3: the call chain from kswapd", async () => {
    await take("See how the kernel gets there", "Show Call Chain", () => editor.panelFrame("chain"));
    const frame = await editor.panelFrame("chain");
    await frame.locator(".box-operation").waitFor();
    await editor.screenshot("walkthrough-3");
    await isDone("See how the kernel gets there");
  }, 180_000);

  test("4: the race, up to the step where two inodes of one number meet", async () => {
    await take("Watch the race", "Simulate Finding", () => editor.panelFrame("simulator"));
    const frame = await editor.panelFrame("simulator");
    await frame
      .getByText(/violated|reachable/i)
      .first()
      .waitFor();
    await editor.screenshot("walkthrough-4");
    await isDone("Watch the race");
  }, 180_000);

  test("5: the quick fix takes the finding away, and the walkthrough is done", async () => {
    const { page } = editor;
    await editor.command("View: Close All Editors");
    await editor.openFile("fs/puntfs/inode.c:99");
    await page.locator(".editor-group-container.active .squiggly-error").first().waitFor();
    await editor.screenshot("walkthrough-5");
    await editor.codeAction("Leave the unhash to the completion of the eviction");
    await page.locator(".editor-group-container.active .squiggly-error").first().waitFor({ state: "detached" });
    await isDone("Fix it");
    await editor.screenshot("walkthrough-done");
    // Nothing was saved: the file is the user's.
    expect(readFileSync(join(sample(), "fs/puntfs/inode.c"), "utf8")).toMatch(/remove_inode_hash[\s\S]*queue_work/);
  }, 180_000);
});
