/** The quick reader of plain functions on real kernel trees: it takes nearly all, and reads each as the parser does. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lowerFunction } from "../../server/src/core/ir/lower-function.ts";
import { copyTree } from "../../server/src/core/syntax/ast.ts";
import { parseWithMasking } from "../../server/src/core/syntax/masking.ts";
import { readPlainFunction } from "../../server/src/core/syntax/plain/function.ts";
import { scanSkeleton } from "../../server/src/core/syntax/skeleton.ts";
import { NameTable } from "../../server/src/core/text/name-table.ts";
import { createParser } from "../../server/src/node/create-parser.ts";
import { describeWith, pathOf } from "../support/requirements.ts";

const FOLDERS = ["fs/ext4", "fs/xfs", "fs/nfs", "fs/ceph", "fs/jffs2", "mm", "include/linux/sunrpc"];

describeWith("kernel-6.12", "plain functions of Linux 6.12", () => {
  test("lower as by way of the parser", { timeout: 600_000 }, async () => {
    const tree = pathOf("kernel-6.12");
    const parser = await createParser();
    const names = new NameTable();
    let all = 0;
    let plain = 0;
    const wrong: string[] = [];
    for (const folder of FOLDERS)
      for (const name of readdirSync(join(tree, folder), { recursive: true }) as string[]) {
        if (!/\.[ch]$/.test(name)) continue;
        const bytes = readFileSync(join(tree, folder, name));
        for (const { name: id, start, end, line } of scanSkeleton(bytes, names).functions) {
          all++;
          const text = bytes.toString("utf8", start, end);
          const ast = readPlainFunction(text);
          if (ast === null) continue;
          plain++;
          const parsed = parseWithMasking(parser, text)!;
          const expected = lowerFunction(names.text(id), copyTree(parsed.tree), parsed.text);
          parsed.tree.delete();
          if (JSON.stringify(lowerFunction(names.text(id), ast, text)) !== JSON.stringify(expected))
            wrong.push(`${folder}/${name}:${line} ${names.text(id)}`);
        }
      }
    expect(wrong).toEqual([]);
    expect(plain / all).toBeGreaterThan(0.95);
  });
});
