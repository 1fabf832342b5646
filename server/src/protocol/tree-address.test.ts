import { expect, test } from "vitest";
import { pathIn, uriOf } from "../service/tree-location.ts";
import { moduleAddress, nameOfTree, placeInTree, readTreeAddress } from "./tree-address.ts";

test("a folder is its own address", () => {
  const root = "file:///src/linux";
  expect(readTreeAddress(root)).toEqual({ folder: root, kernel: null, mount: "" });
  expect(uriOf(root, "fs/inode.c")).toBe("file:///src/linux/fs/inode.c");
  expect(pathIn(root, "file:///src/linux/fs/inode.c")).toBe("fs/inode.c");
  expect(pathIn(root, "file:///src/linux-next/fs/inode.c")).toBeNull();
});

test("a module's address leads to both folders, there and back", () => {
  const root = moduleAddress("file:///home/me/my%20fs", "file:///src/linux%206?x");
  expect(readTreeAddress(root)).toEqual({
    folder: "file:///home/me/my%20fs",
    kernel: "file:///src/linux%206?x",
    mount: "fs/my fs",
  });
  expect(nameOfTree(root)).toBe("my fs");
  const address = moduleAddress("file:///home/me/myfs", "file:///src/linux");
  for (const [path, uri] of [
    ["fs/myfs/super.c", "file:///home/me/myfs/super.c"],
    ["fs/myfs/sub/a.c", "file:///home/me/myfs/sub/a.c"],
    ["fs/inode.c", "file:///src/linux/fs/inode.c"],
    ["fs/myfs2/a.c", "file:///src/linux/fs/myfs2/a.c"],
  ] as const) {
    expect(uriOf(address, path)).toBe(uri);
    expect(pathIn(address, uri)).toBe(path);
  }
  // The kernel's own copy of the module is not what is reviewed.
  expect(pathIn(address, "file:///src/linux/fs/myfs/super.c")).toBeNull();
  expect(pathIn(address, "file:///elsewhere/a.c")).toBeNull();
  expect(placeInTree(address, "mm/vmscan.c")).toEqual({ folder: "file:///src/linux", path: "mm/vmscan.c" });
});
