/** Texts of the model language that walk over inodes slot by slot. A slot that is free memory is never on a list. */

const slot = (index: number): string => `slot[${index}]`;

function firstFrom(start: number, slots: number, holds: (slot: string) => string): string {
  let text = "none";
  for (let i = slots - 1; i >= start; i--)
    text = `${slot(i)}.phase != FREE && ${holds(slot(i))} ? ${slot(i)} : ${text}`;
  return text === "none" ? text : `(${text})`;
}

/** The first slot for which `holds`, or none. */
export function firstSlot(slots: number, holds: (slot: string) => string): string {
  return firstFrom(0, slots, holds);
}

/** The first such slot behind the one that `cursor` holds. */
export function slotAfter(cursor: string, slots: number, holds: (slot: string) => string): string {
  let text = "none";
  for (let i = slots - 2; i >= 0; i--) text = `${cursor} == ${slot(i)} ? ${firstFrom(i + 1, slots, holds)} : ${text}`;
  return text === "none" ? text : `(${text})`;
}

// A list on a thread's stack: one flag for each slot, a local of the procedure.

export const listFlag = (list: string, index: number): string => `${list}_${index}`;

/** Statements that put the inode in `v` on the list, or take it off. */
export function setListFlag(list: string, v: string, slots: number, value: 0 | 1): string {
  const parts: string[] = [];
  for (let i = 0; i < slots; i++) parts.push(`if (${v} == ${slot(i)}) { ${listFlag(list, i)} = ${value} }`);
  return parts.join("; ");
}

export function listIsEmpty(list: string, slots: number): string {
  const flags = Array.from({ length: slots }, (_, i) => listFlag(list, i));
  return `!(${flags.join(" || ")})`;
}

export function firstOfList(list: string, slots: number): string {
  let text = "none";
  for (let i = slots - 1; i >= 0; i--) text = `${listFlag(list, i)} ? ${slot(i)} : ${text}`;
  return `(${text})`;
}

export function nextOfList(list: string, cursor: string, slots: number): string {
  let text = "none";
  for (let i = slots - 2; i >= 0; i--) {
    let rest = "none";
    for (let j = slots - 1; j > i; j--) rest = `${listFlag(list, j)} ? ${slot(j)} : ${rest}`;
    text = `${cursor} == ${slot(i)} ? (${rest}) : ${text}`;
  }
  return `(${text})`;
}

/** Whether any slot is on a list that is a field of the slot. */
export function noSlot(slots: number, holds: (slot: string) => string): string {
  const parts = Array.from({ length: slots }, (_, i) => `(${slot(i)}.phase != FREE && ${holds(slot(i))})`);
  return `!(${parts.join(" || ")})`;
}
