/** Whether the editor's file system, which may be a remote or a virtual one, has something at an address. */
import { type Uri, workspace } from "vscode";

export async function exists(uri: Uri): Promise<boolean> {
  try {
    await workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}
