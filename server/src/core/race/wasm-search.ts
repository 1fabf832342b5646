/** The generated engine; `undefined` where the host has no WebAssembly. */
import type { ReducedProgram } from "./expander.ts";
import type { Search, SearchOptions } from "./search.ts";

export function createWasmSearch(_reduced: ReducedProgram, _options: SearchOptions): Search | undefined {
  return undefined;
}
