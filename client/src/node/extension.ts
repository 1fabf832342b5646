/** Entry of the desktop build: the server is a Node program beside it. */
import type { ExtensionContext } from "vscode";
import { LanguageClient, TransportKind } from "vscode-languageclient/node";
import { activateExtension } from "../common/activate-extension.ts";

export async function activate(context: ExtensionContext): Promise<void> {
  await activateExtension(context, {
    createClient({ options }) {
      const module = context.asAbsolutePath("dist/server/main.js");
      return new LanguageClient(
        "evictscope",
        "Evictscope",
        {
          run: { module, transport: TransportKind.ipc },
          debug: { module, transport: TransportKind.ipc, options: { execArgv: ["--nolazy", "--inspect=6019"] } },
        },
        options,
      );
    },
    initializationOptions: async ({ globalStorageUri }) => ({ cacheFolder: globalStorageUri.fsPath }),
  });
}
