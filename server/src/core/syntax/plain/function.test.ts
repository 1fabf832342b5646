import { beforeAll, describe, expect, test } from "vitest";
import { createParser } from "../../../node/create-parser.ts";
import { lowerFunction } from "../../ir/lower-function.ts";
import { copyTree } from "../ast.ts";
import type { SyntaxParser } from "../parser-port.ts";
import { readPlainFunction } from "./function.ts";

let parser: SyntaxParser;
beforeAll(async () => {
  parser = await createParser();
});

function byParser(text: string): unknown {
  const tree = parser.parse(text)!;
  try {
    return lowerFunction("f", copyTree(tree), text);
  } finally {
    tree.delete();
  }
}

/** What the quick reader makes of a body; null when it leaves it to the parser. */
function plain(text: string): unknown {
  const ast = readPlainFunction(text);
  return ast === null ? null : lowerFunction("f", ast, text);
}

describe("plain functions lower as by way of the parser", () => {
  test.each([
    "x = (a)(b);",
    "x = (pgoff_t)(holebegin) >> PAGE_SHIFT;",
    "x = (u64)~(x) + (T *)p;",
    "x = (struct a *)p->b[1].c;",
    "if (!x--) f(); else if (y) g(); else { h(); }",
    "x = -y++; *p++ = -1; x = - 1; x -= a - 1;",
    "x = a ? b : c ? d : e; y = a ?: b;",
    "for (int i = 0, j; i < 3; i++, j--) { continue; }",
    "list_for_each_entry(a, &b, c)\n\t\tf(a);\n\tg();",
    "for_each_set_bit(a, b, c) { if (a) break; }",
    "do { x = ({ int y = 1; f(y); }); } while (x < 0);",
    "switch (x) { case 1: case 2 ... 4: f(); break; default: g(); }",
    "struct foo a = { .b = 1, .c = { 1, 2 }, [3] = x }; f(&(struct foo){ .b = 2 });",
    "LIST_HEAD(list); static DEFINE_MUTEX(lock); unsigned long flags, *p = NULL;",
    "u64 __maybe_unused old; struct foo *p __free(kfree) = NULL; const char __user *q = x;",
    'pr_err("%s" PRIu64 "b\\n", KERN_ERR "c", sizeof(struct foo) - 1, offsetof(struct a, b.c));',
    "x = container_of(p, struct foo, bar); ASSERTCMP(a, ==, b); y = sizeof x->y * 2;",
    "#ifdef A\n\tf();\n#else\n\tg();\n#endif\n\tout: h();\n#if B\n\tx();\n#elif C\n\ty();\n#endif\n",
    "goto out; out: return (x << 2) | (y & ~z) && !w;",
    "int (*cb)(struct inode *) = g; cb(inode); (*cb)(inode); t[3](x);",
    "size_t n = 0x1fUL, m = 'a'; /* goto */ // break\n f(n);",
  ])("%s", (body) => {
    const text = `static inline struct foo *f(struct inode *inode, int (*test)(void *), ...)\n{\n\t${body}\n}`;
    expect(plain(text)).not.toBeNull();
    expect(plain(text)).toEqual(byParser(text));
  });

  test.each([
    "static __always_inline unsigned long f(void)\n{\n\treturn 0;\n}",
    "int __init f(char *s, unsigned int n[4]) __releases(&lock)\n{\n}",
  ])("%s", (text) => {
    expect(plain(text)).not.toBeNull();
    expect(plain(text)).toEqual(byParser(text));
  });
});

describe("what takes the grammar is left to it", () => {
  test.each([
    'asm volatile("nop");',
    "typeof(x) y = x;",
    "x = (u64)(a * b);",
    "if (a) {\n#ifdef B\n\t} else {\n#endif\n\t}",
    "FOO\n\tx = 1;",
    "f(x) g();",
    "x = 1.5;",
    "return }",
    "x = ;",
    'f("open);',
    "struct bar { int a; } b;",
  ])("%s", (body) => {
    expect(readPlainFunction(`void f(void)\n{\n\t${body}\n}`)).toBeNull();
  });

  test("an end that is missing, and one brace too many", () => {
    expect(readPlainFunction("void f(void)\n{\n\tf();\n")).toBeNull();
    expect(readPlainFunction("void f(void)\n{\n}\n}")).toBeNull();
  });

  test("nesting deeper than any source's", () => {
    expect(readPlainFunction(`void f(void)\n{\n\tx = ${"(".repeat(5000)}1${")".repeat(5000)};\n}`)).toBeNull();
  });
});
