/** Folders that are not trusted, and folders that change under the editor, in a real VS Code. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { fixtureFolder } from "../support/fixture.ts";
import { describeWith } from "../support/requirements.ts";
import { removeTemporary } from "../support/temporary-folder.ts";
import { type CodeServer, startCodeServer } from "./support/code-server.ts";
import { Editor } from "./support/editor.ts";
import { reviewByCommandLine } from "./support/review.ts";

describeWith(["chromium", "code-server"], "workspaces in VS Code on the desktop", () => {
  let server: CodeServer;
  let editor: Editor | undefined;
  let home = "";
  let tree = "";

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "evictscope-workspaces-"));
    tree = join(home, "linux");
    cpSync(fixtureFolder("sample"), tree, { recursive: true });
    server = await startCodeServer(true);
  }, 240_000);

  afterAll(async () => {
    await server?.stop();
    await removeTemporary(home);
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") await editor?.screenshot(`failed-${task.id}`);
    await editor?.close();
    editor = undefined;
  });

  const countsOf = (): string => {
    const { findings } = reviewByCommandLine(tree);
    const count = (severity: string): number => findings.filter((finding) => finding.severity === severity).length;
    return `Errors: ${count("error")}, Warnings: ${count("warning")}, Infos: ${count("hint")}`;
  };

  test("a restricted folder is reviewed; its own word on which kernel it belongs to counts once it is trusted", async () => {
    const module = join(home, "dirtfs");
    cpSync(join(tree, "fs/dirtfs"), module, { recursive: true });
    mkdirSync(join(module, ".vscode"));
    writeFileSync(join(module, ".vscode/settings.json"), JSON.stringify({ "evictscope.kernelTree": "../linux" }));
    editor = await Editor.open(server.addressOf(module));
    const { page, status } = editor;
    await page.locator(".statusbar-item", { hasText: "Restricted Mode" }).waitFor();
    await editor.openFile("inode.c:1");
    await editor.reviewed();
    // Reading works: findings, and what a hover says.
    const label = async (): Promise<string> => (await status.locator("a").first().getAttribute("aria-label")) ?? "";
    expect(await label()).toMatch(/: [1-9]\d* findings?/);
    expect(await label()).not.toContain("dirtfs on linux");
    await editor.screenshot("restricted");

    await editor.command("Workspaces: Manage Workspace Trust");
    await page
      .locator(".workspace-trust-editor .workspace-trust-buttons-row .monaco-button", { hasText: "Trust" })
      .first()
      .click();
    await page.locator(".statusbar-item", { hasText: "Restricted Mode" }).waitFor({ state: "detached" });
    await editor.openFile("inode.c:1");
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.statusbar-item[id*="evictscope"] a')].some((item) =>
        item.getAttribute("aria-label")?.includes("dirtfs on linux"),
      ),
    );
    await editor.reviewed();
    await editor.screenshot("trusted");
  }, 240_000);

  test("findings follow a checkout of another branch, folders that go with it included", async () => {
    const git = (...args: string[]): void => {
      const identity = ["-c", "user.name=tester", "-c", "user.email=tester@example.org", "-c", "commit.gpgsign=false"];
      execFileSync("git", [...identity, ...args], { cwd: tree });
    };
    git("init", "-q", "-b", "main");
    git("add", "-A");
    git("commit", "-q", "-m", "The tree");
    git("checkout", "-q", "-b", "work");
    const early = join(tree, "fs/earlyfs/inode.c");
    writeFileSync(early, readFileSync(early, "utf8").replace("remove_inode_hash(inode);", ""));
    renameSync(join(tree, "fs/dirtfs"), join(tree, "fs/soilfs"));
    git("rm", "-q", "-r", "--cached", "fs/nofailfs");
    rmSync(join(tree, "fs/nofailfs"), { recursive: true });
    git("add", "-A");
    git("commit", "-q", "-m", "Work");
    const onWork = countsOf();
    git("checkout", "-q", "main");
    const onMain = countsOf();
    expect(onWork).not.toBe(onMain);

    editor = await Editor.open(server.addressOf(tree));
    await editor.openFile("fs/earlyfs/inode.c:1");
    await editor.reviewed();
    await editor.problemsCounted(onMain);
    git("checkout", "-q", "work");
    await editor.problemsCounted(onWork);
    await editor.screenshot("branch-work");
    git("checkout", "-q", "main");
    await editor.problemsCounted(onMain);
  }, 240_000);
});
