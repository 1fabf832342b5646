// Makes grammars/kernel-c/kernel-c.wasm from the committed C sources, with clang and wasm-ld alone: a side module in the
// dylink.0 format that web-tree-sitter loads. tree-sitter's own `build --wasm` would download a compiler.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const grammarFolder = fileURLToPath(new URL("../grammars/kernel-c/", import.meta.url));

const COMPILE = [
  "--target=wasm32-unknown-emscripten",
  "-std=c11",
  "-O2",
  "-fPIC",
  "-fvisibility=hidden",
  "-fno-exceptions",
  "-DNDEBUG",
  "-nostdlibinc",
];
const LINK = ["--experimental-pic", "-shared", "--no-entry", "--strip-all", "--export=tree_sitter_kernel_c"];

/**
 * Compiles and links the parser for WebAssembly.
 * @returns {{ bytes: Buffer, compiler: string, linker: string }} the module and the first lines of the tools' versions
 */
export function buildWasm() {
  const folder = mkdtempSync(join(tmpdir(), "kernel-c-wasm-"));
  const clang = process.env.CLANG ?? "clang";
  const linker = process.env.WASM_LD ?? "wasm-ld";
  try {
    const objects = ["parser", "scanner"].map((name) => {
      const object = join(folder, `${name}.o`);
      execFileSync(clang, [...COMPILE, "-isystem", "wasm-include", "-I", "src", "-c", `src/${name}.c`, "-o", object], {
        cwd: grammarFolder,
        stdio: ["ignore", "inherit", "inherit"],
      });
      return object;
    });
    const output = join(folder, "kernel-c.wasm");
    execFileSync(linker, [...LINK, ...objects, "-o", output], { stdio: ["ignore", "inherit", "pipe"] });
    return { bytes: readFileSync(output), compiler: firstLine(clang), linker: firstLine(linker) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} command */
function firstLine(command) {
  return execFileSync(command, ["--version"], { encoding: "utf8" }).split("\n")[0]?.trim() ?? "";
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { bytes } = buildWasm();
  writeFileSync(join(grammarFolder, "kernel-c.wasm"), bytes);
  process.stdout.write(`kernel-c.wasm: ${bytes.length} bytes\n`);
}
