/** Entry of the language server in a browser's worker: files come through the client, the review runs right here. */
import {
  BrowserMessageReader,
  BrowserMessageWriter,
  type Connection,
  createConnection,
} from "vscode-languageserver/browser";
import { TOOL_VERSION } from "../core/report/tool-version.ts";
import { createTreeSession } from "../index/tree-session.ts";
import { createClientTree, existThroughClient, scopeOf } from "../lsp/client-files.ts";
import type { Environment } from "../lsp/environment.ts";
import { hostLocally } from "../lsp/local-session.ts";
import { startServer } from "../lsp/start-server.ts";
import type { InitializationOptions } from "../protocol/messages.ts";
import { panelSessions } from "../service/panel-session.ts";
import { createWasmParser } from "./parser-wasm.ts";

const scope = self as unknown as DedicatedWorkerGlobalScope;
const connection = createConnection(new BrowserMessageReader(scope), new BrowserMessageWriter(scope));
startServer(connection, createEnvironment);

function createEnvironment(owner: Connection, options: InitializationOptions): Environment {
  return {
    version: TOOL_VERSION,
    exist: (uris) => existThroughClient(owner, uris),
    trueUri: async (uri) => uri,
    async createSession({ root, settings: { exclude, respectGitignore, maxFiles, simulate } }) {
      return hostLocally(
        createTreeSession({
          files: createClientTree(owner, root, respectGitignore),
          parser: () => createWasmParser(options.parserModules),
          options: { exclude, maxFiles, simulate, ...scopeOf(root) },
        }),
      );
    },
    // Reviews are kept in memory alone.
    clearCache: () => {},
    panels: panelSessions,
    pages: null,
  };
}
