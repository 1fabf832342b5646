/** The views, in a real VS Code (code-server) with the extension installed from its package. */
import { cpSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { fixtureFolder } from "../support/fixture.ts";
import { describeWith } from "../support/requirements.ts";
import { removeTemporary } from "../support/temporary-folder.ts";
import { type CodeServer, startCodeServer } from "./support/code-server.ts";
import { Editor } from "./support/editor.ts";
import { reviewByCommandLine } from "./support/review.ts";

describeWith(["chromium", "code-server"], "the views on the desktop, from the package", () => {
  let server: CodeServer;
  let editor: Editor;
  let home = "";
  let tree = "";

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "evictscope-views-"));
    tree = join(home, "evictscope-sample");
    cpSync(fixtureFolder("sample"), tree, { recursive: true });
    server = await startCodeServer();
    editor = await Editor.open(server.addressOf(tree));
  }, 240_000);

  afterAll(async () => {
    await editor?.close();
    await server?.stop();
    await removeTemporary(home);
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") await editor?.screenshot(`failed-${task.id}`);
  });

  const row = (text: string) => editor.evictionRows.filter({ hasText: text }).first();
  /** The finding's line, whether or not its filesystem is unfolded. */
  const findingRow = async () => {
    for (let attempt = 0; attempt < 10 && !(await row("work-after-unhash").isVisible()); attempt++) {
      if ((await row("fs/puntfs").getAttribute("aria-expanded")) !== "true") await row("fs/puntfs").click();
      await row("work-after-unhash")
        .waitFor({ timeout: 5000 })
        .catch(() => {});
    }
    return row("work-after-unhash");
  };

  test("the Eviction view says why it is empty, and what to do", async () => {
    await editor.openEvictionView();
    const welcome = editor.page.locator(".welcome-view-content:visible");
    await welcome.getByText("Nothing is indexed yet").waitFor();
    await welcome.getByText("Open Sample Tree").waitFor();
    await editor.screenshot("view-welcome");
  }, 120_000);

  test("filesystems, operations and findings, as many as the command line finds", async () => {
    const { page } = editor;
    await editor.openFile("fs/puntfs/inode.c:99");
    await editor.reviewed();
    await editor.openEvictionView();
    await row("fs/puntfs").waitFor();
    const { findings } = reviewByCommandLine(tree);
    const badge = page.locator('.activitybar .action-item:has(a[aria-label^="Eviction"]) .badge-content');
    await expect.poll(() => badge.first().textContent(), { timeout: 20_000 }).toBe(String(findings.length));
    const own = findings.filter(({ filesystem }) => filesystem === "fs/puntfs");
    const errors = own.filter(({ severity }) => severity === "error").length;
    expect(await row("fs/puntfs").getAttribute("aria-label")).toContain(`${errors} errors`);
    await editor.goToLine(1);
    await editor.clickUntil(await findingRow(), page.locator(`.statusbar >> text=/Ln 99,/`));
    await row("evict_inode_async").waitFor();
    await editor.screenshot("eviction-view");
  }, 180_000);

  test("a filter by rule and its end", async () => {
    const { page } = editor;
    await editor.command("Evictscope: Filter Findings");
    await page.locator(".quick-input-widget .quick-input-box input").first().fill("iput-under-evict");
    const rules = page.locator(".quick-input-list .monaco-list-row");
    // A click is lost while the list is still being filtered.
    await expect.poll(() => rules.count()).toBe(1);
    await rules.filter({ hasText: "iput-under-evict" }).click();
    await page.locator(".quick-input-widget").getByText("1 Selected").waitFor();
    await page.locator(".quick-input-widget .quick-input-box input").first().press("Enter");
    await page.getByText(/^Only iput-under-evict: \d+ of \d+ findings$/).waitFor();
    await row("fs/plainfs").waitFor({ state: "detached" });
    await editor.command("Evictscope: Clear Filter");
    await row("fs/plainfs").waitFor();
  }, 120_000);

  test("the call chain opens from the finding's line; a box shows its source", async () => {
    const { page } = editor;
    const finding = await findingRow();
    await finding.click();
    await finding.hover();
    await finding
      .locator('a[aria-label^="Show Call Chain"], .action-label[aria-label*="Show Call Chain"]')
      .first()
      .click();
    const frame = await editor.panelFrame("chain");
    await frame.locator(".box-operation").waitFor();
    await editor.screenshot("chain");
    // A deleted inode: reclaim has it from the dentry shrinker.
    await frame.locator(".box", { hasText: "prune_dcache_sb()" }).first().click();
    await page.locator(".tabs-container .tab", { hasText: "dcache.c" }).first().waitFor();
  }, 120_000);

  test("the walkthrough's fix: with the queueing in front of the unhash the finding goes, in the view, too", async () => {
    const { page } = editor;
    await editor.command("View: Close All Editors");
    await editor.openFile("fs/puntfs/inode.c:98");
    await findingRow();
    await editor.goToLine(98);
    // Two lines: the selection ends where the third one begins.
    for (let line = 0; line < 2; line++) await page.keyboard.press("Shift+ArrowDown");
    for (let line = 97; line >= 94; line--) await page.keyboard.press("Alt+ArrowUp");
    await row("work-after-unhash").waitFor({ state: "detached" });
    await page.locator(".editor-group-container.active .squiggly-error").first().waitFor({ state: "detached" });
    await editor.screenshot("fixed");
    await editor.command("File: Revert File");
    await findingRow();
  }, 180_000);

  test("the survey: the matrix of the whole tree, a cell opens its evidence", async () => {
    const { page } = editor;
    await editor.command("View: Close All Editors");
    await editor.command("Evictscope: Open Survey");
    const frame = await editor.panelFrame("survey");
    await frame.locator(".matrix tbody tr").first().waitFor();
    expect(await frame.locator(".matrix tbody tr").count()).toBe(14);
    await frame.locator(".matrix tbody tr", { hasText: "fs/dirtfs" }).locator(".severity-error").first().click();
    await frame.locator(".finding").first().waitFor();
    await editor.screenshot("survey");
    await frame.locator(".evidence .place").first().click();
    await page.locator(".tabs-container .tab", { hasText: "inode.c" }).first().waitFor();
    const blocked = editor.errors.filter((line) => /Content Security Policy/.test(line) && /evictscope/.test(line));
    expect(blocked).toEqual([]);
  }, 120_000);

  test("panels are there again after a reload of the window, with their state", async () => {
    const { page } = editor;
    const before = await editor.panelFrame("survey");
    await before.locator("#filter").fill("fs/");
    // By its own command: what a browser's reload interrupts need not have been written.
    await Promise.all([page.waitForEvent("load"), editor.command("Developer: Reload Window")]);
    await page.locator(".monaco-workbench .statusbar").waitFor();
    const frame = await editor.panelFrame("survey");
    await frame.locator(".matrix tbody tr").first().waitFor();
    expect(await frame.locator("#filter").inputValue()).toBe("fs/");
  }, 180_000);
});
