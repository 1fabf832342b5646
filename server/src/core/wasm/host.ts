/** The little of WebAssembly that the explorer needs; a host global like TextDecoder, absent in some hosts. */

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  /** Adds 64 KiB pages; throws when there is no more. */
  grow(pages: number): number;
}

interface WasmHost {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
}

/** The exports of a module made from these bytes; undefined where WebAssembly is missing or forbidden (by a CSP). */
export function instantiate(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  const host = (globalThis as { WebAssembly?: WasmHost }).WebAssembly;
  if (host === undefined) return undefined;
  try {
    return new host.Instance(new host.Module(bytes), {}).exports;
  } catch (error) {
    // A content security policy refuses with a CompileError; a defect of the generator must not be hidden as one.
    if (error instanceof Error && /Content Security Policy|unsafe-eval|disallowed/i.test(error.message))
      return undefined;
    throw error;
  }
}
