import { expect, test } from "vitest";
import { truePath } from "./true-path.ts";

/** A drive that takes names in any case: folders by their names in lower case. */
function drive(...files: readonly string[]): (folder: string) => readonly string[] | null {
  const folders = new Map<string, Set<string>>();
  for (const file of files) {
    const names = file.split("/").slice(1);
    names.forEach((name, at) => {
      const folder = `/${names.slice(0, at).join("/")}`.toLowerCase();
      folders.set(folder, (folders.get(folder) ?? new Set()).add(name));
    });
  }
  return (folder) => {
    const names = folders.get(folder.toLowerCase());
    return names === undefined ? null : [...names];
  };
}

const list = drive(
  "/Drive/linux/fs/ext4/inode.c",
  "/Drive/linux/Makefile",
  "/Drive/linux/net/XT_DSCP.h",
  "/Drive/linux/net/xt_dscp.h",
);

test.each([
  ["/drive/LINUX/fs/Ext4/INODE.C", "/Drive/linux/fs/ext4/inode.c"],
  ["/Drive/linux/fs/ext4/inode.c", "/Drive/linux/fs/ext4/inode.c"],
  // What is not there stays as it is written, behind what is.
  ["/drive/linux/FS/ext5/New.c", "/Drive/linux/fs/ext5/New.c"],
  ["/elsewhere/A.c", "/elsewhere/A.c"],
  // Where case tells files apart, it does.
  ["/Drive/linux/net/XT_DSCP.h", "/Drive/linux/net/XT_DSCP.h"],
  ["/Drive/linux/net/xt_dscp.h", "/Drive/linux/net/xt_dscp.h"],
  ["/Drive/linux/net/Xt_Dscp.h", "/Drive/linux/net/Xt_Dscp.h"],
])("%s is %s", (written, path) => {
  expect(truePath(written, list)).toBe(path);
});

test("letters with accents are the same in either spelling", () => {
  expect(truePath("/a/caf\u00e9.c", drive("/a/cafe\u0301.c"))).toBe("/a/cafe\u0301.c");
});
