/**
 * The language server with a review that only looks for markers, so that the protocol's own behaviour (order, versions,
 * cancellation, failure) is tested without the analysis. `MARK` in a file is a finding there; `SLOW` makes every review
 * wait until it is cancelled; `CRASH` makes it throw.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createConnection, ProposedFeatures } from "vscode-languageserver/node";
import type { Finding, Review } from "../../../server/src/core/report/finding.ts";
import { Cancelled } from "../../../server/src/core/text/cancellation.ts";
import type { HostedSession } from "../../../server/src/lsp/environment.ts";
import { startServer } from "../../../server/src/lsp/start-server.ts";
import { truePath } from "../../../server/src/node/true-path.ts";

/** `FOLD=1`: the drive takes names in any case, as those of macOS and Windows do. */
const FOLD = process.env.FOLD === "1";
const onDisk = (uri: string): string => (FOLD ? truePath(fileURLToPath(uri)) : fileURLToPath(uri));

startServer(createConnection(ProposedFeatures.all), () => ({
  version: "test",
  exist: async (uris) => new Set(uris.filter((uri) => existsSync(onDisk(uri)))),
  trueUri: async (uri) => pathToFileURL(onDisk(uri)).toString(),
  createSession: async ({ root }) => createMarkerSession(onDisk(root)),
  clearCache: () => {},
  panels: null,
  pages: null,
}));

function createMarkerSession(folder: string): HostedSession {
  const documents = new Map<string, string>();
  let revision = 0;
  return {
    get revision() {
      return revision;
    },
    setDocument(path, text) {
      revision++;
      if (text === null) documents.delete(path);
      else documents.set(path, text);
    },
    filesChanged: () => void revision++,
    async review(token, onProgress) {
      const reviewed = revision;
      const findings: Finding[] = [];
      const files = new Map(documents);
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name).slice(folder.length + 1);
        if (entry.isFile() && !files.has(path)) files.set(path, readFileSync(join(folder, path), "utf8"));
      }
      let done = 0;
      for (const [path, text] of files) {
        onProgress?.({ phase: "read", done: ++done, total: files.size });
        if (text.includes("CRASH")) throw new Error("a marker asked for it");
        while (text.includes("SLOW") && !token.isCancellationRequested) {
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        if (token.isCancellationRequested) throw new Cancelled();
        text.split("\n").forEach((line, row) => {
          const column = line.indexOf("MARK");
          if (column >= 0) findings.push(findingAt(path, row + 1, column + 1));
        });
      }
      return { revision: reviewed, review: reviewOf(folder, files.size, findings) };
    },
    query: async () => null,
    dispose: () => {},
  };
}

function findingAt(file: string, line: number, column: number): Finding {
  return {
    id: `${file}:${line}`,
    rule: "dirty-under-memalloc",
    severity: "error",
    staticSeverity: "error",
    confidence: "high",
    message: "there is a marker here",
    filesystem: "fs/x",
    table: "x_sops",
    operation: "evict_inode",
    file,
    line,
    column,
    endLine: line,
    endColumn: column + 4,
    function: "x_evict_inode",
    contexts: ["kswapd"],
    conditions: [],
    chain: [{ function: "x_evict_inode", file, line }],
    ends: [{ function: "x_evict_inode", file, line, what: "a marker" }],
    simulation: { model: "sync-evict-baseline", verdict: "not-run", assumptions: [] },
  };
}

function reviewOf(root: string, files: number, findings: readonly Finding[]): Review {
  return {
    version: 1,
    tool: { name: "evictscope", version: "test" },
    tree: { root, kernelVersion: "" },
    limits: {},
    stats: {
      files,
      bytes: 0,
      functions: 0,
      functionsParsed: 0,
      functionsWithParseErrors: 0,
      elapsedMs: 0,
      peakRssBytes: 0,
      cache: "cold",
      suppressed: 0,
    },
    implementations: [],
    unhashSites: [],
    unresolvedCalls: [],
    problems: [],
    findings,
  };
}
