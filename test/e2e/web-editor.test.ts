/** The web build in VS Code for the web, as `npm start` serves it: the same findings, and the panel. */
import { cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { installWebEditor } from "../../scripts/web-editor/install-web-editor.mjs";
import { serveWebEditor } from "../../scripts/web-editor/serve-web-editor.mjs";
import { fixtureFolder } from "../support/fixture.ts";
import { describeWith, repositoryRoot } from "../support/requirements.ts";
import { removeTemporary } from "../support/temporary-folder.ts";
import { Editor } from "./support/editor.ts";
import { reviewByCommandLine } from "./support/review.ts";

describeWith("chromium", "VS Code for the web", () => {
  let served: Awaited<ReturnType<typeof serveWebEditor>>;
  let editor: Editor;
  let home = "";
  let tree = "";

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "evictscope-web-tree-"));
    tree = join(home, "sample");
    cpSync(fixtureFolder("sample"), tree, { recursive: true });
    writeFileSync(join(home, "outside.c"), "int secret;\n");
    served = await serveWebEditor({
      editor: installWebEditor(),
      extension: repositoryRoot,
      tree,
      show: { file: "fs/puntfs/inode.c", line: 99 },
    });
    editor = await Editor.open(served.address);
  }, 240_000);

  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") await editor?.screenshot(`failed-${task.id}`);
  });
  afterAll(async () => {
    await editor?.close();
    await served?.close();
    await removeTemporary(home);
  });

  test("opens at the finding and shows what the command line finds", async () => {
    await editor.reviewed();
    const { findings } = reviewByCommandLine(tree);
    const count = (severity: string): number => findings.filter((finding) => finding.severity === severity).length;
    await editor.problemsCounted(`Errors: ${count("error")}, Warnings: ${count("warning")}, Infos: ${count("hint")}`);
    await editor.squiggles.first().waitFor();
    await editor.lenses.first().waitFor();
    await editor.screenshot("web-diagnostics");
  }, 180_000);

  test("hover works in the worker, too", async () => {
    await editor.hover("remove_inode_hash", 94, "Takes the inode out of the inode hash");
    await editor.page.keyboard.press("Escape");
  }, 120_000);

  test("the Eviction view and the survey work in the browser, too", async () => {
    await editor.openEvictionView();
    await editor.evictionRows.filter({ hasText: "fs/puntfs" }).first().waitFor();
    await editor.command("Evictscope: Open Survey");
    const frame = await editor.panelFrame("survey");
    await frame.locator(".matrix tbody tr", { hasText: "fs/dirtfs" }).locator(".severity-error").first().click();
    await frame.locator(".finding").first().waitFor();
    await editor.screenshot("web-survey");
    await editor.page.locator(".tab", { hasText: "Eviction survey" }).first().click({ button: "middle" });
  }, 120_000);

  test("an edit is followed, and saving writes it back into the tree", async () => {
    const { page } = editor;
    await editor.goToLine(1);
    await page.keyboard.press("Home");
    await page.keyboard.type("/* seen in a browser */\n");
    await page.keyboard.press("Control+s");
    await expect
      .poll(() => readFileSync(join(tree, "fs/puntfs/inode.c"), "utf8").split("\n", 1)[0], { timeout: 30_000 })
      .toBe("/* seen in a browser */");
  }, 120_000);

  test("the quick fix opens the simulator's panel: its service worker is served", async () => {
    await editor.goToLine(100);
    await editor.codeAction("Open in race simulator (work-after-unhash)");
    const frame = await editor.panelFrame();
    await frame.locator(".verdict", { hasText: "violated" }).waitFor();
    await frame.locator(".run-end", { hasText: "UNIQ" }).waitFor();
    await editor.screenshot("web-simulator");
  }, 180_000);

  test("the server gives nothing outside the tree and nothing to other sites, and creates no file", async () => {
    const ask = (path: string, options?: RequestInit): Promise<Response> =>
      fetch(new URL(path, served.address), options);
    const inside = await ask("api/file?path=fs/inode.c");
    expect(inside.status).toBe(200);
    for (const path of ["../outside.c", "/etc/passwd", "fs/../../outside.c"]) {
      expect((await ask(`api/file?path=${encodeURIComponent(path)}`)).status).toBe(404);
    }
    const put = { method: "PUT", body: "x" };
    expect((await ask("api/file?path=../outside.c", put)).status).toBe(404);
    expect((await ask("api/file?path=fs/new.c", put)).status).toBe(404);
    expect(existsSync(join(tree, "fs/new.c"))).toBe(false);
    expect((await ask("api/file?path=fs/inode.c", { headers: { origin: "http://example.org" } })).status).toBe(403);
    expect((await ask("extension/node_modules/esbuild/package.json")).status).toBe(404);
    expect((await ask("extension/dist/../package-lock.json")).status).toBe(404);
    expect(readFileSync(join(home, "outside.c"), "utf8")).toBe("int secret;\n");
  }, 60_000);
});
