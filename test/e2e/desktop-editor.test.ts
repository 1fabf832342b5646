/** The main job in a real VS Code (code-server), with the extension installed from its package. */
import { cpSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { getModel } from "../../server/src/core/race/catalogue/index.ts";
import { explore } from "../../server/src/core/race/simulator.ts";
import { fixtureFolder } from "../support/fixture.ts";
import { describeWith } from "../support/requirements.ts";
import { removeTemporary } from "../support/temporary-folder.ts";
import { type CodeServer, startCodeServer } from "./support/code-server.ts";
import { Editor } from "./support/editor.ts";
import { reviewByCommandLine } from "./support/review.ts";

describeWith(["chromium", "code-server"], "VS Code on the desktop, from the package", () => {
  let server: CodeServer;
  let editor: Editor;
  let home = "";
  let tree = "";

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "evictscope-tree-"));
    tree = join(home, "sample");
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

  test("nothing is indexed before a C file is open; then the findings are those of the command line", async () => {
    const item = editor.page.locator('.statusbar-item[id*="evictscope"]');
    expect(await item.count()).toBe(0);
    await editor.openFile("fs/puntfs/inode.c:99");
    await editor.reviewed();
    const { findings } = reviewByCommandLine(tree);
    const count = (severity: string): number => findings.filter((finding) => finding.severity === severity).length;
    expect(findings.length).toBeGreaterThan(20);
    await editor.problemsCounted(`Errors: ${count("error")}, Warnings: ${count("warning")}, Infos: ${count("hint")}`);
    await editor.squiggles.first().waitFor();
    await editor.screenshot("diagnostics");
  }, 180_000);

  test("the lens says who reaches the operation", async () => {
    await expect
      .poll(() => editor.lenses.first().textContent(), { timeout: 60_000 })
      .toMatch(/^evict_inode_async of fs\/puntfs - reached by kswapd - \d findings( - [^-]+)? - simulate$/);
  }, 120_000);

  test("hover explains the finding with its chain, and the protocol's own names", async () => {
    const { page } = editor;
    const finding = await editor.hover("queue_work", 99, "work-after-unhash");
    expect(await finding.textContent()).toContain("puntfs_evict_inode_async()");
    await editor.screenshot("hover-finding");
    await page.keyboard.press("Escape");
    await editor.hover("remove_inode_hash", 94, "Takes the inode out of the inode hash");
    await editor.screenshot("hover-name");
    await page.keyboard.press("Escape");
  }, 120_000);

  test("the problems list links a finding to its rule's page and to its chain", async () => {
    const { page } = editor;
    await editor.command("Problems: Focus on Problems View");
    await page.locator(".markers-panel .monaco-list-row").first().waitFor();
    await editor.screenshot("problems");
    await page.locator('.panel input[placeholder^="Filter"]').first().fill("punts the eviction");
    const row = page.locator(".markers-panel .monaco-list-row", { hasText: "async-evict-contract" }).first();
    await row.waitFor();
    await row.locator("a", { hasText: "async-evict-contract" }).click();
    await page.locator(".tab.active", { hasText: "async-evict-contract.md" }).waitFor();
    await page.keyboard.press("Control+F4");
    await page.locator('.panel input[placeholder^="Filter"]').first().fill("");
    await page.keyboard.press("Control+1");
    await page.keyboard.press("Control+j");
    await page.locator(".markers-panel").waitFor({ state: "hidden" });
  }, 120_000);

  test("suppressing asks for a reason, refuses none, and takes the finding away until undone", async () => {
    const { page } = editor;
    await editor.openFile("fs/stackfs/inode.c:76");
    await editor.page.locator(".editor-group-container.active .squiggly-warning").first().waitFor();
    await editor.codeAction("Suppress here with a reason (iput-under-evict)");
    const input = page.locator(".quick-input-widget .quick-input-box input").first();
    // press() presses for one that is not shown yet, too, and the editor gets the key.
    await input.waitFor();
    await input.press("Enter");
    await page.locator(".quick-input-message", { hasText: "A reason is required." }).waitFor();
    await editor.screenshot("suppress-reason");
    await input.fill("the lower inode is pinned by its own superblock");
    await input.press("Enter");
    await editor.textOf("/* evictscope: allow(iput-under-evict): the lower inode is pinned by its own superblock */");
    await page.locator(".editor-group-container.active .squiggly-warning").first().waitFor({ state: "detached" });
    await editor.screenshot("suppressed");
    await page.locator(".editor-group-container.active .monaco-editor .view-lines").first().click();
    await page.keyboard.press("Control+Z");
    await page.locator(".editor-group-container.active .squiggly-warning").first().waitFor();
    // The edit was made in the editor alone.
    expect(readFileSync(join(tree, "fs/stackfs/inode.c"), "utf8")).not.toContain("evictscope: allow(iput");
  }, 180_000);

  test("a fix is shown before it changes anything, then takes the finding away, and can be undone", async () => {
    const { page } = editor;
    await editor.openFile("fs/earlyfs/inode.c:62");
    const squiggles = page.locator(".editor-group-container.active .squiggly-error");
    await squiggles.first().waitFor();
    await editor.goToLine(62);
    await editor.codeAction("Move the unhash behind the clean-up", "Control+Enter");
    const preview = page.locator(".bulk-edit-panel");
    await preview.waitFor();
    await preview.locator(".monaco-list-row", { hasText: "inode.c" }).first().waitFor();
    await editor.screenshot("fix-preview");
    const before = await editor.problemCounts();
    await preview.getByText("Apply", { exact: true }).click();
    await editor.problemsChanged(before);
    await editor.screenshot("fix-applied");
    await page.locator(".editor-group-container.active .monaco-editor .view-lines").first().click();
    await page.keyboard.press("Control+Z");
    await editor.problemsCounted(before);
    expect(readFileSync(join(tree, "fs/earlyfs/inode.c"), "utf8")).toBe(
      readFileSync(join(fixtureFolder("sample"), "fs/earlyfs/inode.c"), "utf8"),
    );
  }, 180_000);

  test("hover on a statement says the state, the contexts and the way here", async () => {
    const { page } = editor;
    await editor.openFile("fs/dirtfs/inode.c:62");
    const statement = await editor.hover("truncate_inode_pages_final", 62, "State: freeing → pages-gone");
    expect(await statement.textContent()).toContain("PF_MEMALLOC set");
    await editor.screenshot("hover-statement");
    await page.keyboard.press("Escape");
  }, 120_000);

  test("an unsaved edit clears a finding, and undoing it brings it back", async () => {
    const { page } = editor;
    await editor.openFile("fs/dirtfs/inode.c:66");
    await editor.squiggles.first().waitFor();
    const before = await editor.problemCounts();
    await editor.goToLine(66);
    await page.keyboard.press("Control+/");
    await editor.problemsChanged(before);
    await page.keyboard.press("Control+Z");
    await editor.problemsCounted(before);
  }, 120_000);

  test("the quick fix opens the simulator, which steps through the counterexample", async () => {
    const { page } = editor;
    await editor.openFile("fs/puntfs/inode.c:99");
    await editor.squiggles.first().waitFor();
    await editor.codeAction("Open in race simulator (work-after-unhash)");
    const frame = await editor.panelFrame();
    await frame.locator(".verdict", { hasText: "violated" }).waitFor();
    await frame.locator(".verdict", { hasText: "UNIQ" }).waitFor();
    const position = frame.locator('input[type="number"], .transport input[type="text"]').first();
    await frame.locator(".run-end", { hasText: "UNIQ" }).waitFor();
    await editor.screenshot("simulator-end");
    const last = Number(await position.inputValue());
    expect(last).toBeGreaterThan(5);
    await frame.locator("body").press("Home");
    await expect.poll(() => position.inputValue()).toBe("0");
    for (let step = 1; step <= 3; step++) {
      await frame.locator("body").press("ArrowDown");
      await expect.poll(() => position.inputValue()).toBe(String(step));
    }
    await frame.locator("body").press("End");
    await expect.poll(() => position.inputValue()).toBe(String(last));
    await frame.locator("body").press("ArrowUp");
    await expect.poll(() => position.inputValue()).toBe(String(last - 1));
    await editor.screenshot("simulator-step");
    const blocked = editor.errors.filter((line) => /Content Security Policy/.test(line) && /evictscope/.test(line));
    expect(blocked).toEqual([]);
    await page.keyboard.press("Escape");
  }, 180_000);

  test("a trace string opens the run that it names", async () => {
    const { page } = editor;
    const model = getModel("evict-async-after-unhash");
    const trace = model && explore(model).trace;
    if (trace === undefined) throw new Error("the model has no failing run");
    // The simulator of the test before would be taken for the new one.
    await editor.openFile("fs/puntfs/inode.c:99");
    await editor.reviewed();
    await editor.command("View: Close All Editors");
    await page.locator(".tab").first().waitFor({ state: "detached" });
    await editor.command("Evictscope: Open Trace in Race Simulator...");
    const input = page.locator(".quick-input-widget .quick-input-box input").first();
    await input.fill(trace.traceString);
    await input.press("Enter");
    const frame = await editor.panelFrame();
    await frame.locator(".run-name", { hasText: "Pasted trace" }).waitFor();
    await frame.locator(".run-end", { hasText: "UNIQ" }).waitFor();
    const position = frame.locator('input[type="number"], .transport input[type="text"]').first();
    expect(await position.inputValue()).toBe(String(trace.steps.length));
  }, 180_000);
});
