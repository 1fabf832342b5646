/**
 * A filesystem outside of the kernel's tree, laid over the tree that it is reviewed against: its files appear where they
 * would stand in the tree (`fs/myfs/super.c`), in place of what the tree itself may have there.
 */
import type { FileListing, FileSource } from "./file-source.ts";

const USER_KNOWLEDGE = "evictscope.json";

/** `mount` has no slash at the end: `fs/myfs`. */
export function layOver(module: FileSource, kernel: FileSource, mount: string): FileSource {
  const below = `${mount}/`;
  const inModule = (path: string): string | null => (path.startsWith(below) ? path.slice(below.length) : null);
  const readModule = module.readSync;
  const readKernel = kernel.readSync;
  const source: FileSource = {
    root: `${module.root} over ${kernel.root}`,
    async list(options, token): Promise<FileListing> {
      const { onFile, ...rest } = options;
      const own = await module.list(rest, token);
      const tree = await kernel.list({ ...rest, maxFiles: Math.max(0, options.maxFiles - own.files.length) }, token);
      const mounted = <T extends { readonly path: string }>(file: T): T => ({ ...file, path: `${below}${file.path}` });
      const files = [...tree.files.filter(({ path }) => !path.startsWith(below)), ...own.files.map(mounted)];
      for (const { path } of files) onFile?.(path);
      return {
        files,
        problems: [
          ...own.problems.map(({ file, message }) => ({ file: `${below}${file}`, message })),
          ...tree.problems,
        ],
        truncated: own.truncated || tree.truncated,
      };
    },
    async read(path) {
      const own = inModule(path);
      if (own !== null) return module.read(own);
      // What the module says of its own functions is said in its own folder.
      if (path === USER_KNOWLEDGE) return (await module.read(path)) ?? kernel.read(path);
      return kernel.read(path);
    },
  };
  if (readModule === undefined || readKernel === undefined) return source;
  const choose =
    <T>(ofModule: (path: string) => T | null, ofKernel: (path: string) => T | null) =>
    (path: string): T | null => {
      const own = inModule(path);
      if (own !== null) return ofModule(own);
      return path === USER_KNOWLEDGE ? (ofModule(path) ?? ofKernel(path)) : ofKernel(path);
    };
  const { stampSync: stampModule } = module;
  const { stampSync: stampKernel } = kernel;
  return {
    ...source,
    readSync: choose(readModule, readKernel),
    ...(stampModule === undefined || stampKernel === undefined ? {} : { stampSync: choose(stampModule, stampKernel) }),
  };
}
