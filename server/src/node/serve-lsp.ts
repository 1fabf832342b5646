/** The language server in Node: `evictscope lsp --stdio`, and the program that the desktop extension starts. */
import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { type Connection, createConnection, ProposedFeatures } from "vscode-languageserver/node";
import { URI } from "vscode-uri";
import { TOOL_VERSION } from "../core/report/tool-version.ts";
import { createTreeSession } from "../index/tree-session.ts";
import { createClientTree, existThroughClient, scopeOf } from "../lsp/client-files.ts";
import type { Environment, SessionRequest } from "../lsp/environment.ts";
import { hostLocally } from "../lsp/local-session.ts";
import { startServer } from "../lsp/start-server.ts";
import type { InitializationOptions } from "../protocol/messages.ts";
import { readTreeAddress } from "../protocol/tree-address.ts";
import { panelSessions } from "../service/panel-session.ts";
import { createParser } from "./create-parser.ts";
import { filePages } from "./file-pages.ts";
import { clearOutcomes } from "./outcome-store.ts";
import { clearReviews, reviewFolder } from "./review-cache.ts";
import { createThreadedSession } from "./threaded-session.ts";
import { truePath } from "./true-path.ts";

/** Serves until the client ends the connection. The transport comes from the command line (--stdio, --node-ipc, ...). */
export function serveLsp(): void {
  const connection = createConnection(ProposedFeatures.all);
  // A bug must not take the editor's server down; what is lost is one answer.
  process.on("uncaughtException", (error) => connection.console.error(`unexpected: ${error.stack ?? error.message}`));
  process.on("unhandledRejection", (reason) => connection.console.error(`unexpected: ${String(reason)}`));
  startServer(connection, createEnvironment);
}

function createEnvironment(connection: Connection, options: InitializationOptions): Environment {
  const { cacheFolder } = options as { readonly cacheFolder?: unknown };
  const cache =
    typeof cacheFolder === "string" && isAbsolute(cacheFolder) ? join(cacheFolder, "reviews") : reviewFolder();
  return {
    version: TOOL_VERSION,
    async exist(uris) {
      const local = uris.filter((uri) => isLocal(uri) && existsSync(URI.parse(uri).fsPath));
      const virtual = uris.filter((uri) => !isLocal(uri));
      if (virtual.length === 0 || options.clientFiles !== true) return new Set(local);
      return new Set([...local, ...(await existThroughClient(connection, virtual))]);
    },
    trueUri: async (uri) => (isLocal(uri) ? URI.file(truePath(URI.parse(uri).fsPath)).toString() : uri),
    async createSession(request: SessionRequest) {
      const { exclude, respectGitignore, maxFiles, simulate, maxMemory } = request.settings;
      const { folder, kernel, mount } = readTreeAddress(request.root);
      if (!isLocal(request.root)) {
        return hostLocally(
          createTreeSession({
            files: createClientTree(connection, request.root, respectGitignore),
            parser: createParser,
            options: { exclude, maxFiles, simulate, ...scopeOf(request.root) },
          }),
        );
      }
      return createThreadedSession(
        new URL("./review-worker.js", import.meta.url),
        {
          folder: URI.parse(folder).fsPath,
          ...(kernel === null ? {} : { kernel: { folder: URI.parse(kernel).fsPath, mount } }),
          respectGitignore,
          exclude,
          maxFiles,
          simulate,
          cache,
        },
        maxMemory,
        (line) => connection.console.log(line),
      );
    },
    clearCache: () => {
      clearReviews(cache);
      clearOutcomes(cache);
    },
    panels: panelSessions,
    pages: filePages,
  };
}

function isLocal(uri: string): boolean {
  return uri.startsWith("file:");
}
