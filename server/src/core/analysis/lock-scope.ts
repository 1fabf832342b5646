/** Whether a sleeping lock is shared by a whole filesystem, or belongs to one inode. */
import type { TypeResolver } from "../callgraph/types.ts";
import type { Body } from "../ir/function-bodies.ts";
import type { Expr } from "../ir/ir.ts";

export type LockScope = "inode" | "filesystem" | "other";

/** Names of structs that belong to one inode or less: struct inode, foo_inode_info, xfs_inode, dentry, file. */
const PER_INODE = /(^|_)(inode|dentry|file)(_|$)|inode_info$/;
const PER_SUPERBLOCK = /super_block|sb_info$|_sbi?$|sbd$|fs_info$|_mount$|_super$|fs_context|_fs$/;

/**
 * What tells a lock of the whole filesystem from others wherever it is named: the structure that there is one of and the members
 * down to the lock, or the name of a variable. Null for a lock of another scope, and for one of many (an array's).
 */
export function lockIdentity(lock: Expr | undefined, body: Body, types: TypeResolver): string | null {
  if (lock === undefined || lockScope(lock, body, types) !== "filesystem") return null;
  let expr = lock;
  while (expr.k === "unary" || expr.k === "cast") expr = expr.operand;
  const members: string[] = [];
  while (expr.k === "field") {
    members.unshift(expr.name);
    const tag = types.structOf(expr.base, body)?.tag ?? null;
    if (tag !== null && PER_SUPERBLOCK.test(tag)) return [tag, ...members].join(".");
    expr = expr.base;
  }
  return expr.k === "id" && types.localType(expr.name, body) === null ? [expr.name, ...members].join(".") : null;
}

export function lockScope(lock: Expr | undefined, body: Body, types: TypeResolver): LockScope {
  if (lock === undefined) return "other";
  let expr = lock;
  while (expr.k === "unary" || expr.k === "cast" || expr.k === "index")
    expr = expr.k === "index" ? expr.base : expr.operand;
  if (expr.k === "id") return types.localType(expr.name, body) === null ? "filesystem" : "other";
  if (expr.k === "call") return "other";
  let scope: LockScope = "other";
  while (expr.k === "field") {
    const tag = types.structOf(expr.base, body)?.tag ?? null;
    if (tag !== null) {
      if (PER_SUPERBLOCK.test(tag)) return "filesystem";
      if (PER_INODE.test(tag)) return "inode";
    }
    expr = expr.base;
    if (expr.k === "id" && types.localType(expr.name, body) === null) scope = "filesystem";
  }
  return scope;
}
