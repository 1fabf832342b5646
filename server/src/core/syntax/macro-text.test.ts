import { expect, test } from "vitest";
import { readingsOf, takeMacroApart } from "./macro-text.ts";

test.each([
  ["(x) f(#x)", ' f("")'],
  ["(cond) f(#cond, # cond)", ' f("con", "cond")'],
  ["(fmt, ...) printk(KERN_ERR fmt, ##__VA_ARGS__)", " printk(KERN_ERR fmt,   __VA_ARGS__)"],
  ["(fmt, args...) printk(fmt , ## args)", " printk(fmt ,    args)"],
  ["(o, opt) ((o) & MOUNT_##opt)", " ((o) & MOUNT_$$opt)"],
  ["(a, b) a ## _ ## b(1)", " a$$$$_$$$$b(1)"],
  ["(stem, x) stem##1(x)", " stem$$1(x)"],
])("the operators of %s are written over at the same length", (definition, replacement) => {
  const parts = takeMacroApart(definition);
  expect(parts?.replacement).toBe(replacement);
  expect((parts?.offset ?? 0) + replacement.length).toBe(definition.length);
});

test.each(['(x) "#x" /* #x */', "(x) '#'", "(x) #y"])("%s has none", (definition) => {
  expect(takeMacroApart(definition)?.replacement).toBe(definition.slice(3));
});

test("lines stay, their backslashes go; the last parameter may stand for the rest", () => {
  expect(takeMacroApart("(a, rest..., ...) \\\n\tf(a)")).toEqual({
    parameters: ["a", "rest", "__VA_ARGS__"],
    replacement: "  \n\tf(a)",
    offset: 17,
  });
  expect(takeMacroApart("(a, b")).toBeNull();
});

test("statements are read as statements first, everything else as an expression", () => {
  expect(readingsOf(" do { f(); } while (0)")[0]?.before).toBe("");
  expect(readingsOf(" f(); g()")[0]?.before).toBe("");
  expect(readingsOf(" ({ f(); })")[0]?.before).toBe("return ");
  expect(readingsOf(" f(a)")[0]?.before).toBe("return ");
});
