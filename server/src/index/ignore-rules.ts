/** What a tree's .gitignore files leave out, as far as C files and headers go. The rules themselves are a library's. */
import ignore, { type Ignore } from "ignore";

export const IGNORE_FILE = ".gitignore";
/** A larger one is no ignore file; the kernel's own has 3 KB. */
const MAX_BYTES = 1 << 18;

interface FolderRules {
  /** Rules that can match a C file's or header's own name, and those that can match a folder's. */
  readonly files: Ignore;
  readonly folders: Ignore;
}

export class IgnoreRules {
  readonly #byFolder = new Map<string, FolderRules>();
  readonly #ignoredFolders = new Map<string, boolean>();

  get isEmpty(): boolean {
    return this.#byFolder.size === 0;
  }

  /** `folder` is relative to the tree's root, without a slash at the end; empty for the root. */
  add(folder: string, bytes: Uint8Array): void {
    if (bytes.length > MAX_BYTES) return;
    const lines = new TextDecoder("utf-8").decode(bytes).split(/\r?\n/).filter(isRule);
    const files = lines.filter(canMatchSource);
    const folders = lines.filter(canMatchFolder);
    if (files.length === 0 && folders.length === 0) return;
    this.#byFolder.set(folder, { files: ignore().add(files), folders: ignore().add(folders) });
    this.#ignoredFolders.clear();
  }

  /** True for a file that is left out, by its own name or with a folder above it. */
  ignores(path: string): boolean {
    if (this.isEmpty) return false;
    const folder = parentOf(path);
    // As in git: what lies in a folder that is left out cannot be taken back in.
    return this.#ignoresFolder(folder) || this.#decide(path, "files");
  }

  #ignoresFolder(folder: string): boolean {
    if (folder === "") return false;
    const known = this.#ignoredFolders.get(folder);
    if (known !== undefined) return known;
    const ignored = this.#ignoresFolder(parentOf(folder)) || this.#decide(folder, "folders");
    this.#ignoredFolders.set(folder, ignored);
    return ignored;
  }

  /** The innermost file that has anything to say decides. */
  #decide(path: string, kind: keyof FolderRules): boolean {
    for (let folder = parentOf(path); ; folder = parentOf(folder)) {
      const rules = this.#byFolder.get(folder)?.[kind];
      if (rules !== undefined) {
        const relative = folder === "" ? path : path.slice(folder.length + 1);
        const result = rules.test(kind === "folders" ? `${relative}/` : relative);
        if (result.ignored || result.unignored) return result.ignored;
      }
      if (folder === "") return false;
    }
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

function isRule(line: string): boolean {
  return line.trim() !== "" && !line.startsWith("#");
}

/** Of the kernel's 150 rules a handful can: the rest (`*.o`, `vmlinux`) is not asked of 60,000 files. */
function canMatchSource(line: string): boolean {
  const name = lastSegment(line);
  return !line.trimEnd().endsWith("/") && /[ch*?\]]$/.test(name);
}

function canMatchFolder(line: string): boolean {
  // A folder that is called like an object file would be entered: no harm.
  return line.trimEnd().endsWith("/") || !/^\*\.\w+$/.test(lastSegment(line));
}

function lastSegment(line: string): string {
  return line.trimEnd().replace(/^!/, "").replace(/\/$/, "").split("/").pop() ?? "";
}
