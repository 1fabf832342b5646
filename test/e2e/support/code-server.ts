/** Starts code-server on a free port with the packed extension installed, in folders of its own. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathOf, repositoryRoot } from "../../support/requirements.ts";
import { removeTemporary } from "../../support/temporary-folder.ts";

export interface CodeServer {
  /** Address that opens `folder`. */
  addressOf(folder: string): string;
  readonly output: string[];
  stop(): Promise<void>;
}

const SETTINGS = {
  "workbench.startupEditor": "none",
  "workbench.colorTheme": "Default Light Modern",
  "telemetry.telemetryLevel": "off",
  "security.workspace.trust.enabled": false,
  "chat.commandCenter.enabled": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "editor.tabSize": 8,
  "editor.insertSpaces": false,
  "files.autoSave": "off",
  "editor.detectIndentation": false,
  "editor.minimap.enabled": false,
};

/** Restricted without a question first: the banner says so. */
const TRUST = {
  "security.workspace.trust.enabled": true,
  "security.workspace.trust.startupPrompt": "never",
  "security.workspace.trust.banner": "always",
};

/** Packs the extension into `folder` and answers the file: test files that run at once write over none of each other. */
function packExtension(folder: string): string {
  const file = join(folder, "evictscope.vsix");
  const result = spawnSync(process.execPath, [join(repositoryRoot, "scripts", "package.mjs"), file], {
    encoding: "utf8",
  });
  if (result.status !== 0) throw new Error(`packing failed:\n${result.stdout}${result.stderr}`);
  return file;
}

/** With `asksForTrust` a folder is restricted until the user trusts it; it is trusted from the start without. */
export async function startCodeServer(asksForTrust = false): Promise<CodeServer> {
  const launcher = pathOf("code-server");
  const home = mkdtempSync(join(tmpdir(), "evictscope-code-server-"));
  const folders = ["--user-data-dir", join(home, "data"), "--extensions-dir", join(home, "extensions")];
  const user = join(home, "data", "User");
  mkdirSync(user, { recursive: true });
  writeFileSync(join(user, "settings.json"), JSON.stringify(asksForTrust ? { ...SETTINGS, ...TRUST } : SETTINGS));
  // Its own idea of a configuration file, a password and an editor that calls it must not leak in.
  const env = { ...process.env, XDG_CONFIG_HOME: join(home, "config"), VSCODE_IPC_HOOK_CLI: "", PASSWORD: "" };
  const installed = spawnSync(launcher, [...folders, "--install-extension", packExtension(home)], {
    encoding: "utf8",
    env,
  });
  if (installed.status !== 0) throw new Error(`the package does not install:\n${installed.stdout}${installed.stderr}`);

  const output: string[] = [];
  const child: ChildProcess = spawn(
    launcher,
    [
      ...folders,
      "--bind-addr",
      "127.0.0.1:0",
      "--auth",
      "none",
      ...(asksForTrust ? [] : ["--disable-workspace-trust"]),
      "--disable-telemetry",
      "--disable-update-check",
      "--disable-getting-started-override",
    ],
    { env, stdio: ["ignore", "pipe", "pipe"] },
  );
  const base = await new Promise<string>((resolve, reject) => {
    const take = (data: Buffer): void => {
      output.push(String(data));
      const address = /HTTP server listening on (http:\/\/[\d.]+:\d+)/.exec(output.join(""))?.[1];
      if (address !== undefined) resolve(address);
    };
    child.stdout?.on("data", take);
    child.stderr?.on("data", take);
    child.on("exit", (code) => reject(new Error(`code-server ended with ${code}\n${output.join("")}`)));
  });
  return {
    addressOf: (folder) => `${base}/?folder=${encodeURIComponent(folder)}`,
    output,
    async stop() {
      await new Promise<void>((resolve) => {
        child.on("exit", () => resolve());
        child.kill("SIGTERM");
        if (child.exitCode !== null) resolve();
      });
      await removeTemporary(home);
    },
  };
}
