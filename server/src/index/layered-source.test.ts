import { expect, test } from "vitest";
import { NEVER_CANCELLED } from "../core/text/cancellation.ts";
import { layOver } from "./layered-source.ts";
import { createMemorySource } from "./memory-source.ts";

const module = createMemorySource(
  new Map([
    ["super.c", "module"],
    ["sub/a.h", "module"],
    ["evictscope.json", "module"],
  ]),
);
const kernel = createMemorySource(
  new Map([
    ["fs/inode.c", "kernel"],
    ["fs/foo/super.c", "kernel"],
    ["fs/foobar/super.c", "kernel"],
    ["Makefile", "kernel"],
    ["evictscope.json", "kernel"],
  ]),
);
const source = layOver(module, kernel, "fs/foo");
const text = async (path: string) => new TextDecoder().decode((await source.read(path)) ?? new Uint8Array());

test("the module stands in the place of the kernel's own copy, and of nothing else", async () => {
  const { files, truncated } = await source.list({ exclude: [], maxFiles: 100 }, NEVER_CANCELLED);
  expect(files.map(({ path }) => path).sort()).toEqual([
    "fs/foo/sub/a.h",
    "fs/foo/super.c",
    "fs/foobar/super.c",
    "fs/inode.c",
  ]);
  expect(truncated).toBe(false);
  expect(await text("fs/foo/super.c")).toBe("module");
  expect(await text("fs/foobar/super.c")).toBe("kernel");
  expect(await text("Makefile")).toBe("kernel");
  expect(await text("evictscope.json")).toBe("module");
  expect(new TextDecoder().decode(source.readSync?.("fs/foo/sub/a.h") ?? new Uint8Array())).toBe("module");
  expect(await source.read("fs/foo/gone.c")).toBeNull();
});

test("the limit counts both", async () => {
  const { files, truncated } = await source.list({ exclude: [], maxFiles: 3 }, NEVER_CANCELLED);
  expect(files.length).toBeLessThanOrEqual(3);
  expect(truncated).toBe(true);
});
