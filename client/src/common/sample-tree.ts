/** The walkthrough's tree: a miniature kernel that comes with the extension, copied to where the user wants it. */
import { commands, type ExtensionContext, ProgressLocation, Uri, window, workspace } from "vscode";
import { exists } from "./file-exists.ts";
import { revealLine } from "./view-panel.ts";
import type { ViewsSource } from "./views-source.ts";

/** Where the walkthrough goes to: a filesystem that works on an inode after it has left the hash. */
export const SAMPLE_FINDING = {
  filesystem: "fs/puntfs",
  file: "fs/puntfs/inode.c",
  rule: "work-after-unhash",
} as const;
const FOLDER = "evictscope-sample";
const FILES_AT_ONCE = 8;

/** Asks for a folder, copies the tree into it and opens it. */
export async function openSampleTree(context: ExtensionContext): Promise<void> {
  const picked = await window.showOpenDialog({
    title: "Where to put the sample tree",
    openLabel: `Create ${FOLDER} here`,
    canSelectFiles: false,
    canSelectFolders: true,
    canSelectMany: false,
  });
  const parent = picked?.[0];
  if (parent === undefined) return;
  const target = Uri.joinPath(parent, FOLDER);
  if (await exists(target)) {
    const open = "Open It";
    const answer = await window.showWarningMessage(`Evictscope: there is a ${FOLDER} already.`, { modal: true }, open);
    if (answer === open) await commands.executeCommand("vscode.openFolder", target);
    return;
  }
  await window.withProgress(
    { location: ProgressLocation.Notification, title: "Evictscope: copying the sample tree" },
    () => copySample(context.extensionUri, target),
  );
  await commands.executeCommand("vscode.openFolder", target);
}

async function copySample(extension: Uri, target: Uri): Promise<void> {
  // One file: an extension's folder cannot be listed in a browser.
  const bytes = await workspace.fs.readFile(Uri.joinPath(extension, "dist", "sample-tree.json"));
  const files = Object.entries(JSON.parse(new TextDecoder().decode(bytes)) as Readonly<Record<string, string>>);
  for (let from = 0; from < files.length; from += FILES_AT_ONCE) {
    const batch = files.slice(from, from + FILES_AT_ONCE);
    await Promise.all(
      batch.map(([path, text]) => workspace.fs.writeFile(Uri.joinPath(target, path), new TextEncoder().encode(text))),
    );
  }
}

/** Opens the file of the walkthrough's finding, in the tree that is open. */
export async function showSampleFinding(source: ViewsSource): Promise<void> {
  const [folder] = workspace.workspaceFolders ?? [];
  if (folder === undefined || !(await exists(Uri.joinPath(folder.uri, SAMPLE_FINDING.file)))) {
    const open = "Open the Sample Tree";
    const answer = await window.showInformationMessage("Evictscope: the sample tree is not open.", open);
    if (answer === open) await commands.executeCommand("evictscope.openSampleTree");
    return;
  }
  const found = await sampleFinding(source);
  const line = found?.line ?? (await lineOf(Uri.joinPath(folder.uri, SAMPLE_FINDING.file), "queue_work("));
  await revealLine(folder.uri.toString(), SAMPLE_FINDING.file, line);
  await commands.executeCommand("workbench.action.focusActiveEditorGroup");
}

async function lineOf(uri: Uri, text: string): Promise<number> {
  const document = await workspace.openTextDocument(uri);
  const at = document.getText().indexOf(text);
  return at < 0 ? 1 : document.positionAt(at).line + 1;
}

/** What the walkthrough's links hand to a command about a finding. */
const SAMPLE = "sample";

/** The walkthrough's finding for a command that one of its links runs; any other command's argument as it is. */
export async function targetOf(source: ViewsSource, argument: unknown): Promise<unknown> {
  return argument === SAMPLE ? await sampleFinding(source) : argument;
}

interface SampleFinding {
  readonly root: string;
  readonly finding: string;
  readonly line: number;
}

/** Undefined when there is none (any more). */
async function sampleFinding(source: ViewsSource): Promise<SampleFinding | undefined> {
  if (source.status === null) return undefined;
  const { roots } = await source.tree({
    rules: [SAMPLE_FINDING.rule],
    contexts: [],
    folder: SAMPLE_FINDING.filesystem,
  });
  for (const { root, filesystems } of roots)
    for (const { operations } of filesystems)
      for (const { findings } of operations)
        if (findings[0] !== undefined) return { root, finding: findings[0].id, line: findings[0].line };
  return undefined;
}

/** Follows the reviews: the walkthrough's last step is done when its finding is gone. */
export function followSample(source: ViewsSource): { dispose(): void } {
  let seen = false;
  return source.onDidChange(async () => {
    const ready = source.roots.some(({ phase }) => phase === "ready");
    if (!ready) return;
    const there = (await sampleFinding(source)) !== undefined;
    if (seen && !there) await commands.executeCommand("setContext", "evictscope.sampleFixed", true);
    seen ||= there;
  });
}
