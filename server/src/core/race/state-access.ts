/** Reading and writing single cells of a packed state. */
import type { Cell } from "./program.ts";

function mask(width: number): number {
  return width >= 32 ? -1 : (1 << width) - 1;
}

/** `base` is the first word of the thread's block for local cells; ignored for global ones. */
export function loadCell(state: Int32Array, cell: Cell, index: number, base: number, offset = 0): number {
  const at = offset + cell.word + (cell.scope === "local" ? base : 0) + Math.floor(index / cell.perWord);
  const shift = cell.shift + (index % cell.perWord) * cell.width;
  return ((state[at] as number) >>> shift) & mask(cell.width);
}

export function storeCell(state: Int32Array, cell: Cell, index: number, value: number, base: number, offset = 0): void {
  const at = offset + cell.word + (cell.scope === "local" ? base : 0) + Math.floor(index / cell.perWord);
  const shift = cell.shift + (index % cell.perWord) * cell.width;
  const bits = mask(cell.width);
  state[at] = ((state[at] as number) & ~(bits << shift)) | ((value & bits) << shift);
}
