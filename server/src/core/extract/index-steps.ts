/** An index by number that a filesystem keeps for itself (a radix tree): its chain of the model, in one step each. */
import type { Emission, Outcome } from "./lowered-step.ts";
import type { Lowering } from "./lowering.ts";
import { type Config, goOn } from "./lowering-state.ts";
import { changeShared, INDEX } from "./unlocked-steps.ts";
import { numberText, UNKNOWN, type Value, ZERO } from "./values.ts";
import type { Operation } from "./vocabulary.ts";
import { type CallOp, inodeOf } from "./word-steps.ts";

/** include/uapi/asm-generic/errno-base.h */
const ENOENT = 2;
const EEXIST = 17;

/** What is looked for, as text; the scenario's number where nobody knows. */
function numberOf(lowering: Lowering, value: Value): string {
  const text = numberText(value);
  if (text !== null) return text;
  lowering.usesNumber = true;
  return "ino";
}

export function findInIndex(lowering: Lowering, config: Config, op: CallOp, number: Value): Outcome {
  const after = goOn(config, op.next);
  const { v, lost } = lowering.slotLocal(config, op.into ?? "inode", after);
  if (lost) return lowering.fails(config, "PROG", "looks for an inode again and again without giving back its lock");
  return {
    k: "emit",
    do: `${v} = find(${numberOf(lowering, number)})`,
    next: goOn(config, op.next, op.into, { k: "slot", v, sure: false }),
  };
}

/** 0, or -EEXIST when the number is there (lib/radix-tree.c, radix_tree_insert()). */
export function insertIntoIndex(
  lowering: Lowering,
  config: Config,
  op: CallOp,
  number: Value,
  inode: Value,
  lock?: string,
): Outcome {
  const v = inodeOf(inode);
  if (v === null) return lowering.answer(config, op, UNKNOWN);
  const free = lowering.local(`index:${lowering.siteOf(config)}`, "inserted", "number", 1);
  return changeIndex(lowering, config, lock, {
    k: "emit",
    do: `${free} = find(${numberOf(lowering, number)}) == none; if (${free}) { hash_add(${v}) }`,
    test: free,
    next: goOn(config, op.next, op.into, ZERO),
    no: goOn(config, op.next, op.into, { k: "number", value: -EEXIST }),
  });
}

/** The entry that was taken out, or NULL. */
export function deleteFromIndex(lowering: Lowering, config: Config, op: CallOp, number: Value, lock?: string): Outcome {
  const after = goOn(config, op.next);
  const { v } = lowering.slotLocal(config, op.into ?? "gone", after);
  return changeIndex(lowering, config, lock, {
    k: "emit",
    do: `${v} = find(${numberOf(lowering, number)}); if (${v} != none) { hash_del(${v}) }`,
    test: `${v} != none`,
    next: goOn(config, op.next, op.into, { k: "slot", v, sure: true }),
    no: goOn(config, op.next, op.into, ZERO),
  });
}

const changeIndex = (
  lowering: Lowering,
  config: Config,
  lock: string | undefined,
  change: Emission & { readonly do: string },
): Outcome => changeShared(lowering, config, { link: INDEX, lock }, change);

/** Marks the entry of the number that is given, if it is there, or takes the mark away. Marks of other indices are none of the model. */
export function tagInIndex(
  lowering: Lowering,
  config: Config,
  op: CallOp,
  { fields, sets, lock }: Operation & { op: "index-tag" },
  number: Value,
  tag: Value,
): Outcome {
  const text = numberText(number);
  const field = tag.k === "number" ? fields[tag.value] : undefined;
  if (text === null || field === undefined) return lowering.answer(config, op, UNKNOWN);
  const after = goOn(config, op.next, op.into, UNKNOWN);
  const { v } = lowering.slotLocal(config, "entry", after);
  return changeIndex(lowering, config, lock, {
    k: "emit",
    do: `${v} = find(${text}); if (${v} != none) { ${v}.${field} = ${sets ? 1 : 0} }; ${v} = none`,
    next: after,
  });
}

/** 0, or -ENOENT (include/linux/rhashtable.h, rhashtable_remove_fast()). */
export function removeFromIndex(lowering: Lowering, config: Config, op: CallOp, inode: Value): Outcome {
  const v = inodeOf(inode);
  if (v === null) return lowering.answer(config, op, UNKNOWN);
  const was = lowering.local(`index:${lowering.siteOf(config)}`, "removed", "number", 1);
  return {
    k: "emit",
    do: `${was} = ${v}.hashed; if (${was}) { hash_del(${v}) }`,
    test: was,
    next: goOn(config, op.next, op.into, ZERO),
    no: goOn(config, op.next, op.into, { k: "number", value: -ENOENT }),
  };
}
