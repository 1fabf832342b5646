/** What the client was last told about each file, so that it hears of changes only, and of nothing twice. */
import type { Connection, Diagnostic } from "vscode-languageserver";
import { isSameData } from "../core/report/same-data.ts";
import { uriOf } from "../service/tree-location.ts";

export interface BoardUpdate {
  readonly root: string;
  readonly byFile: ReadonlyMap<string, readonly Diagnostic[]>;
  /**
   * Version of the document at `uri` that the diagnostics were computed from; undefined when it is not open, null when
   * it has changed since: a later answer is on its way, and this one must not be shown.
   */
  readonly versionOf: (uri: string) => number | null | undefined;
  /** How the editor writes the URI of a file. */
  readonly spell: (uri: string) => string;
  /** False for a file that must not be reported: outside the workspace and not open. */
  readonly isShown: (uri: string) => boolean;
}

export class DiagnosticsBoard {
  readonly #connection: Connection;
  /** root -> URI in the tree -> what was sent. */
  readonly #sent = new Map<string, Map<string, Sent>>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  update(update: BoardUpdate): void {
    const before = this.#sent.get(update.root) ?? new Map<string, Sent>();
    const after = new Map<string, Sent>();
    for (const [file, diagnostics] of update.byFile) {
      const name = uriOf(update.root, file);
      if (!update.isShown(name)) continue;
      const old = before.get(name);
      const version = update.versionOf(name);
      if (version === null) {
        if (old !== undefined) after.set(name, old);
        continue;
      }
      const uri = update.spell(name);
      if (old !== undefined && old.uri !== uri) this.#send(old.uri, [], undefined);
      if (old?.uri !== uri || old.version !== version || !isSame(old.diagnostics, diagnostics))
        this.#send(uri, diagnostics, version);
      after.set(name, { uri, version, diagnostics });
    }
    for (const [name, kept] of before) {
      if (after.has(name)) continue;
      const version = update.versionOf(name);
      if (version === null) after.set(name, kept);
      else this.#send(kept.uri, [], version);
    }
    this.#sent.set(update.root, after);
  }

  /** Takes everything of a root back: its folder was removed, or the index is thrown away. */
  clear(root: string): void {
    for (const { uri } of this.#sent.get(root)?.values() ?? []) this.#send(uri, [], undefined);
    this.#sent.delete(root);
  }

  #send(uri: string, diagnostics: readonly Diagnostic[], version: number | undefined): void {
    void this.#connection.sendDiagnostics({
      uri,
      diagnostics: [...diagnostics],
      ...(version === undefined ? {} : { version }),
    });
  }
}

interface Sent {
  /** As the editor writes it. */
  readonly uri: string;
  readonly version: number | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** The revision is left out of the comparison: a new one alone is no news, unless the document's version is. */
function isSame(before: readonly Diagnostic[], now: readonly Diagnostic[]): boolean {
  return (
    before.length === now.length &&
    now.every((each, i) => each === before[i] || isSameData(withoutData(each), withoutData(before[i]!)))
  );
}

function withoutData(diagnostic: Diagnostic): unknown {
  return { ...diagnostic, data: undefined };
}
