/**
 * The functions of the eviction protocol that scenarios of a filesystem call: the last iput(), evict(), a lookup, reclaim,
 * umount, as lowered from the tree's own fs/inode.c, with the filesystem's methods as procedures in between. A function that
 * the tree has not, or that cannot be lowered, is the one of Linux 6.12 (written-protocol.ts), which the model then says.
 */
import type { Engine } from "../../analysis/effect-graph.ts";
import type { Program } from "../../callgraph/program.ts";
import type { Step } from "../../race/model.ts";
import type { Fragment } from "../fragment.ts";
import type { MethodBinding } from "../lowering-request.ts";
import { ExtractedProtocol, FILESYSTEM_EVICT } from "../protocol.ts";
import type { Role } from "../protocol-functions.ts";
import { RECLAIM_VOCABULARY } from "../reclaim-vocabulary.ts";
import type { FindLine } from "./protocol.ts";
import { writtenFragment } from "./written-protocol.ts";

export type ProtocolRole = Exclude<Role, "grab" | "discard" | "complete" | "written" | "fail" | "insert" | "shutdown">;

export const FILESYSTEM_DESTROY = "filesystem_destroy";
export const FILESYSTEM_DROP = "filesystem_drop";

/** What generic code finds in the filesystem's table of methods. */
export interface Bindings {
  /** Whether the last iput() evicts: always, by the link count, or as a procedure of the scenario says. */
  readonly drop: "always" | "generic" | "own";
  readonly hasDestroy: boolean;
  /** The scenario's slots: walks of lists look at each. */
  readonly slots: number;
  /** Only tasks with PF_MEMALLOC set call it, and only what they do themselves is asked about. */
  readonly inReclaim: boolean;
  /** Tells the functions and methods of an eviction inside an eviction apart: a procedure cannot call itself. */
  readonly suffix: "" | "_again";
}

const BINDINGS: Bindings = { drop: "generic", hasDestroy: false, slots: 1, inReclaim: false, suffix: "" };

export interface ProtocolScope {
  readonly engine: Engine;
  readonly program: Program;
  readonly find: FindLine;
}

interface Lowered {
  readonly protocol: ExtractedProtocol;
  /** The program's when it was last known to be of the text that is there. */
  generation: number;
}

/** Lowered once, and again where a file that it was made from has other text (or none). */
const KNOWN = new WeakMap<Engine, Map<string, Lowered>>();

function isCurrent(lowered: Lowered, program: Program): boolean {
  if (lowered.generation === program.generation) return true;
  const { failures, functions } = lowered.protocol;
  const isSame = [...lowered.protocol.files].every(
    (path) => (program.files.get(path)?.generation ?? Number.MAX_SAFE_INTEGER) <= lowered.generation,
  );
  // A tree without a protocol may have got one, and what stood in the way of one may be gone.
  if (!isSame || functions.file === null || failures.length > 0) return false;
  lowered.generation = program.generation;
  return true;
}

function extracted(
  { engine, program }: ProtocolScope,
  { drop, hasDestroy, slots, inReclaim, suffix }: Bindings,
): ExtractedProtocol {
  const known = KNOWN.get(engine) ?? new Map<string, Lowered>();
  KNOWN.set(engine, known);
  const key = `${drop} ${hasDestroy} ${slots} ${inReclaim}${suffix}`;
  let found = known.get(key);
  if (found === undefined || !isCurrent(found, program)) {
    const procedure = (name: string): MethodBinding => ({ kind: "procedure", procedure: `${name}${suffix}` });
    const methods = new Map<string, MethodBinding>([["evict_inode", procedure(FILESYSTEM_EVICT)]]);
    if (drop === "always") methods.set("drop_inode", { kind: "value", value: 1 });
    if (drop === "own")
      methods.set("drop_inode", { kind: "procedure", procedure: `${FILESYSTEM_DROP}${suffix}`, hasResult: true });
    if (hasDestroy) methods.set("destroy_inode", procedure(FILESYSTEM_DESTROY));
    const protocol = new ExtractedProtocol(
      { program, bodies: engine.bodies, lookup: engine.lookup },
      { methods, slots, ...(inReclaim ? { vocabulary: RECLAIM_VOCABULARY } : {}) },
    );
    found = { protocol, generation: program.generation };
    known.set(key, found);
  }
  return found.protocol;
}

export class Protocol {
  readonly bindings: Bindings;
  readonly #scope: ProtocolScope;
  readonly #extracted: ExtractedProtocol;
  readonly #fragments = new Map<ProtocolRole, Fragment>();
  readonly #others = new Map<string, Fragment>();
  /** Names of procedures to what is taken for granted by using them. */
  readonly written = new Map<string, string>();

  constructor(scope: ProtocolScope, bindings: Partial<Bindings> = {}) {
    this.bindings = { ...BINDINGS, ...bindings };
    this.#scope = scope;
    this.#extracted = extracted(scope, this.bindings);
  }

  /** `named`: rather this function, where the tree has it. */
  fragment(role: ProtocolRole, named?: string | null): Fragment {
    let found = this.#fragments.get(role);
    if (found === undefined) {
      found = this.#of(role, named ?? null);
      this.#fragments.set(role, found);
    }
    return found;
  }

  get fragments(): readonly Fragment[] {
    return [...this.#fragments.values(), ...this.#others.values()];
  }

  /** The call; numbers are 1 and what a function returns goes to nobody, unless they are given. */
  call(role: ProtocolRole, given: Readonly<Record<string, string>> = {}, named?: string | null): Step {
    return callOf(this.fragment(role, named), given);
  }

  /**
   * A reference is given up: iput(), or iget_failed() of an inode that could not be read, or discard_new_inode() of one that was
   * not made. Where the tree has no such function, the calls that it would make.
   */
  givesUp(how: "put" | "fail" | "discard", slot: string): Step[] {
    const inode = { inode: slot };
    const put = this.call("put", inode);
    if (how === "put") return [put];
    return (
      this.#other(how, inode) ?? [
        ...(how === "fail" ? [this.call("unhash", inode)] : []),
        this.call("unlock-new", inode),
        put,
      ]
    );
  }

  /** insert_inode_hash(): into the hash, whatever is there. */
  inserts(slot: string): Step[] {
    return (
      this.#other("insert", { inode: slot }) ?? [
        { label: "insert_inode_hash(): spin_lock(&inode_hash_lock)", do: "lock(hash_lock)" },
        { label: "hlist_add_head_rcu(&inode->i_hash, b)", do: `hash_add(${slot})` },
        { label: "spin_unlock(&inode_hash_lock)", do: "unlock(hash_lock)" },
      ]
    );
  }

  /** A call of the tree's own function; null where it has none that can be lowered. */
  #other(role: "fail" | "discard" | "insert", given: Readonly<Record<string, string>>): Step[] | null {
    const [fn] = this.#extracted.functions.of(role);
    const lowered = fn === undefined ? null : this.#extracted.fragment(fn);
    if (lowered === null) return null;
    const fragment = renamed(lowered, this.bindings.suffix);
    this.#others.set(fragment.name, fragment);
    return [callOf(fragment, given)];
  }

  #of(role: ProtocolRole, named: string | null): Fragment {
    const { suffix } = this.bindings;
    const functions = this.#extracted.functions.of(role);
    const fn = functions.find(({ name }) => name === named) ?? functions[0];
    const lowered = fn === undefined ? null : this.#extracted.fragment(fn);
    if (lowered !== null) return renamed(lowered, suffix);
    const fragment = renamed(writtenFragment(role, this.bindings, this.#scope.find), suffix);
    const failure = this.#extracted.failures.find(({ name }) => name === fn?.name);
    const why = fn === undefined ? "the tree has none" : `the tree's cannot be lowered: ${failure?.reason ?? "?"}`;
    this.written.set(fragment.name, `${fragment.procedure.name.replace(suffix, "")}() is that of Linux 6.12 (${why})`);
    return fragment;
  }
}

/** A local of every thread that takes values that nobody wants. */
export const IGNORED = "ignored";

function callOf({ name, procedure }: Fragment, given: Readonly<Record<string, string>>): Step {
  const known: Record<string, string> = { ino: "1", result: IGNORED, ...given };
  return {
    call: name,
    with: Object.fromEntries((procedure.parameters ?? []).map((each) => [each, known[each] ?? "1"])),
  };
}

function renamed(fragment: Fragment, suffix: string): Fragment {
  if (suffix === "") return fragment;
  const name = `${fragment.name}${suffix}`;
  return { ...fragment, name, procedure: { ...fragment.procedure, name } };
}
