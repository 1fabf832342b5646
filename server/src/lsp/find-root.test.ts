import { expect, test } from "vitest";
import { findRoot } from "./find-root.ts";

async function rootOf(
  document: string,
  existing: readonly string[],
  options: { text?: string; folders?: readonly string[] } = {},
): Promise<string | null> {
  const asked: string[] = [];
  const root = await findRoot({
    document,
    text: options.text ?? "",
    workspaceFolders: options.folders ?? [],
    exist: async (uris) => {
      asked.push(...uris);
      return new Set(uris.filter((uri) => existing.includes(uri)));
    },
  });
  expect(asked.length).toBeLessThan(200);
  return root;
}

test("Kbuild and MAINTAINERS make a root", async () => {
  const existing = ["file:///src/linux/Kbuild", "file:///src/linux/MAINTAINERS"];
  expect(await rootOf("file:///src/linux/fs/ext4/inode.c", existing)).toBe("file:///src/linux");
});

test("fs/ and include/linux/ make a root, one alone does not", async () => {
  const existing = ["vscode-vfs://host/repo/fs", "vscode-vfs://host/repo/include/linux"];
  expect(await rootOf("vscode-vfs://host/repo/fs/x/inode.c", existing)).toBe("vscode-vfs://host/repo");
  expect(await rootOf("vscode-vfs://host/repo/fs/x/inode.c", existing.slice(0, 1))).toBeNull();
});

test("the innermost root counts", async () => {
  const existing = ["/a", "/a/b"].flatMap((folder) => [`file://${folder}/Kbuild`, `file://${folder}/MAINTAINERS`]);
  expect(await rootOf("file:///a/b/fs/inode.c", existing)).toBe("file:///a/b");
});

test("a lone filesystem is its workspace folder, or its own folder; other C is nothing", async () => {
  const text = "/* mine */\n#include <linux/fs.h>\nstruct inode *my_inode;\n";
  const document = "file:///home/me/myfs/src/inode.c";
  expect(await rootOf(document, [], { text, folders: ["file:///home/me/myfs"] })).toBe("file:///home/me/myfs");
  expect(await rootOf(document, [], { text })).toBe("file:///home/me/myfs/src");
  for (const other of ["#include <stdio.h>\n", "#include <linux/input.h>\nint main(void);\n"]) {
    expect(await rootOf(document, [], { text: other, folders: ["file:///home/me/myfs"] })).toBeNull();
  }
});
