/** Entry of the web build: the server is a worker, and the extension's own files are read by the editor. */
import { type ExtensionContext, Uri, workspace } from "vscode";
import {
  BrowserMessageReader,
  BrowserMessageWriter,
  LanguageClient,
  type MessageTransports,
} from "vscode-languageclient/browser";
import { activateExtension } from "../common/activate-extension.ts";

export async function activate(context: ExtensionContext): Promise<void> {
  await activateExtension(context, {
    createClient({ options }) {
      const script = Uri.joinPath(context.extensionUri, "dist", "server", "worker.js");
      // Made anew for every start: a server that was shut down does not come back.
      const start = async (): Promise<MessageTransports> => {
        const worker = new Worker(script.toString(true));
        return { reader: new BrowserMessageReader(worker), writer: new BrowserMessageWriter(worker) };
      };
      return new LanguageClient("evictscope", "Evictscope", start, options);
    },
    async initializationOptions() {
      const read = (name: string): Thenable<Uint8Array> =>
        workspace.fs.readFile(Uri.joinPath(context.extensionUri, "dist", "server", name));
      const [runtime, grammar] = await Promise.all([read("web-tree-sitter.wasm"), read("kernel-c.wasm")]);
      return { parserModules: { runtime, grammar } };
    },
  });
}
