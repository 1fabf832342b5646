/** Which of the headers that a whole kernel shares are read: those that something includes which is read. */
import type { Program, SourceFile } from "../core/callgraph/program.ts";
import { isSharedHeader } from "./tree-scope.ts";

export class SharedHeaders {
  readonly #program: Program;
  readonly #paths = new Set<string>();
  /** By the name that an #include has for them: <linux/stat.h> is in include/linux and in include/uapi/linux. */
  readonly #named = new Map<number, string[]>();

  constructor(program: Program, paths: Iterable<string>) {
    this.#program = program;
    for (const path of paths) this.add(path);
  }

  /** False when it was known already. */
  add(path: string): boolean {
    if (this.#paths.has(path)) return false;
    this.#paths.add(path);
    for (const name of this.#namesOf(path)) {
      const known = this.#named.get(name);
      if (known === undefined) this.#named.set(name, [path]);
      else known.push(path);
    }
    return true;
  }

  /** False when it was not known. */
  delete(path: string): boolean {
    if (!this.#paths.delete(path)) return false;
    for (const name of this.#namesOf(path)) {
      const rest = this.#named.get(name)!.filter((each) => each !== path);
      if (rest.length === 0) this.#named.delete(name);
      else this.#named.set(name, rest);
    }
    return true;
  }

  /** As the kernel's Makefile has it: include and include/uapi are searched. */
  #namesOf(path: string): number[] {
    const { names } = this.#program;
    const name = path.slice("include/".length);
    const uapi = name.startsWith("uapi/") ? [names.internString(name.slice("uapi/".length))] : [];
    return [names.internString(name), ...uapi];
  }

  /**
   * All that is included from the program's other files, and from one another. `take` is to make a header part of the
   * program that is not yet; when it cannot, what that header includes is not followed.
   */
  async reach(take: (path: string) => Promise<void> | void): Promise<ReadonlySet<string>> {
    const { files } = this.#program;
    const reached = new Set<string>();
    const work: SourceFile[] = [...files.values()].filter(({ path }) => !isSharedHeader(path));
    for (let file = work.pop(); file !== undefined; file = work.pop()) {
      for (const path of this.#includedBy(file)) {
        if (reached.has(path)) continue;
        reached.add(path);
        if (!files.has(path)) await take(path);
        const header = files.get(path);
        if (header !== undefined) work.push(header);
      }
    }
    return reached;
  }

  #includedBy({ path, directory, skeleton }: SourceFile): readonly string[] {
    const isShared = isSharedHeader(path);
    const found: string[] = [];
    for (const name of skeleton.headers) {
      const known = this.#named.get(name);
      if (known !== undefined) found.push(...known);
      else if (isShared) {
        const beside = `${directory}/${this.#program.names.text(name)}`;
        if (this.#paths.has(beside)) found.push(beside);
      }
    }
    return found;
  }
}
