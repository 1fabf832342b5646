/** Linux 6.12 in a real VS Code: the whole tree on the desktop, its fs/ and headers in the web build. */
import { cpSync, mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { installWebEditor } from "../../scripts/web-editor/install-web-editor.mjs";
import { serveWebEditor } from "../../scripts/web-editor/serve-web-editor.mjs";
import { describeWith, pathOf, repositoryRoot } from "../support/requirements.ts";
import { removeTemporary } from "../support/temporary-folder.ts";
import { type CodeServer, startCodeServer } from "./support/code-server.ts";
import { Editor } from "./support/editor.ts";

/** Milliseconds that a whole tree may take on a slow machine that does other things, too. */
const TREE = 600_000;

/** Filesystems whose eviction is known to do something in reclaim (test/labels). */
const KNOWN = ["fs/ext4", "fs/xfs", "fs/gfs2"] as const;

async function surveyRows(editor: Editor): Promise<string[]> {
  await editor.command("Evictscope: Open Survey");
  const frame = await editor.panelFrame("survey");
  await frame.locator(".matrix tbody tr").first().waitFor();
  return frame.locator(".matrix tbody .name").evaluateAll((cells) => cells.map((cell) => cell.textContent ?? ""));
}

describeWith(["chromium", "code-server", "kernel-6.12"], "the whole of Linux 6.12 on the desktop", () => {
  let server: CodeServer;
  let editor: Editor;

  beforeAll(async () => {
    server = await startCodeServer();
    editor = await Editor.open(server.addressOf(pathOf("kernel-6.12")));
  }, 240_000);
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") await editor?.screenshot(`failed-${task.id}`);
  });
  afterAll(async () => {
    await editor?.close();
    await server?.stop();
  });

  test(
    "is reviewed once a C file is open, and says what is not in it",
    async () => {
      await editor.openFile("fs/ext4/inode.c:260");
      await editor.reviewed(TREE);
      const label = (await editor.status.locator("a").first().getAttribute("aria-label")) ?? "";
      expect(label).toContain("Linux 6.12");
      expect(label).toContain("Not in it: excluded by setting");
      await editor.squiggles.first().waitFor();
      await editor.screenshot("kernel-diagnostics");
    },
    TREE + 60_000,
  );

  test("the view and the survey have its filesystems", async () => {
    await editor.openEvictionView();
    await editor.evictionRows.filter({ hasText: "fs/ext4" }).first().waitFor();
    await editor.screenshot("kernel-eviction-view");
    const rows = await surveyRows(editor);
    expect(rows.length).toBeGreaterThan(50);
    expect(rows).toEqual(expect.arrayContaining([...KNOWN]));
    await editor.screenshot("kernel-survey");
  }, 240_000);
});

describeWith(["chromium", "kernel-6.12"], "fs/ of Linux 6.12 in VS Code for the web", () => {
  let served: { readonly address: string; close(): Promise<void> };
  let editor: Editor;
  let home = "";

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "evictscope-fs-"));
    const tree = join(home, "linux");
    mkdirSync(join(tree, "include"), { recursive: true });
    for (const folder of ["fs", "include/linux"]) {
      cpSync(join(pathOf("kernel-6.12"), folder), join(tree, folder), { recursive: true });
    }
    served = await serveWebEditor({
      editor: installWebEditor(),
      extension: repositoryRoot,
      tree,
      show: { file: "fs/ext4/inode.c", line: 260 },
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

  test(
    "its files are fetched, it is reviewed, and the survey has its filesystems",
    async () => {
      await editor.reviewed(TREE);
      const label = (await editor.status.locator("a").first().getAttribute("aria-label")) ?? "";
      expect(label).toContain("Not in it: excluded by setting");
      const rows = await surveyRows(editor);
      expect(rows.length).toBeGreaterThan(40);
      expect(rows).toEqual(expect.arrayContaining([...KNOWN]));
      await editor.screenshot("web-kernel-survey");
    },
    TREE + 120_000,
  );
});
