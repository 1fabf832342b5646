/**
 * A filesystem's ->evict_inode_async hands evictions to a worker: umount, as the tree has it from ->kill_sb on, must wait
 * for the worker behind evict_inodes(), which finds no inode that evict() has taken off the superblock's list.
 */
import type { BindingRef, FunctionRef } from "../callgraph/program.ts";
import type { Step, ThreadDeclaration } from "../race/model.ts";
import type { Fragment } from "./fragment.ts";
import { KERNEL_VOCABULARY, WORK_WORDS } from "./kernel-vocabulary.ts";
import type { ExtractionTree, MethodBinding, QueuedWork } from "./lowering-request.ts";
import { ExtractedProtocol } from "./protocol.ts";
import { type Draft, INODE } from "./scenario-draft.ts";
import { callOf } from "./scenario-threads.ts";
import { extendVocabulary, Vocabulary } from "./vocabulary.ts";
import { PUNTED, UNDONE } from "./work-steps.ts";

const METHOD = "evict_inode_async";
/** Inodes that may be handed on. */
const SLOTS = 2;

export interface HandedOn {
  readonly protocol: ExtractedProtocol;
  readonly draft: Draft;
  readonly put: Fragment;
  readonly clear: Fragment;
  readonly unlockNew: Fragment;
}

/** One for each filesystem that hands evictions on; `reject` takes those that cannot be judged, with the reason. */
export function* handedOnScenarios(
  tree: ExtractionTree,
  reject: (name: string, reason: string) => void,
): Iterable<HandedOn> {
  for (const binding of tree.program.bindingsOf(METHOD)) {
    const evicts = tree.lookup.functionValue(binding.target, binding.file);
    if (evicts === null || binding.file.isHeader) continue;
    const scenario = scenarioOf(tree, binding, evicts, (reason) => reject(evicts.name, reason));
    if (scenario !== null) yield scenario;
  }
}

function scenarioOf(
  tree: ExtractionTree,
  binding: BindingRef,
  evicts: FunctionRef,
  reject: (reason: string) => void,
): HandedOn | null {
  const { directory } = binding.file;
  const putSuper = functionOf(tree, "put_super", ({ file, table }) => file === binding.file && table === binding.table);
  const killSb =
    functionOf(tree, "kill_sb", ({ file }) => file.directory === directory) ??
    tree.program.functionsNamed("generic_shutdown_super").find(({ file }) => !file.isHeader);
  if (killSb === undefined) return null;
  const protocolWith = (waitsFor: QueuedWork): ExtractedProtocol =>
    new ExtractedProtocol(tree, {
      slots: SLOTS,
      waitsFor,
      methods: new Map<string, MethodBinding>([
        [METHOD, { kind: "function", function: evicts }],
        ["put_super", putSuper === undefined ? { kind: "absent" } : { kind: "function", function: putSuper }],
      ]),
      vocabulary: new Vocabulary(
        extendVocabulary(KERNEL_VOCABULARY, { words: WORK_WORDS, follow: [`^${directory.replace(/\W/g, "\\$&")}/`] }),
      ),
    });
  const first = protocolWith({ work: "", queue: "" });
  const queued = first.first("put")?.queued ?? [];
  const [work] = queued;
  for (const { reason } of first.failures) reject(reason);
  if (work === undefined) return null;
  if (queued.some((each) => each.work !== work.work || each.queue !== work.queue)) {
    reject("it hands on more than one kind of work");
    return null;
  }
  const does = workFunction(tree, directory, work.work);
  if (does === null) {
    reject(`the function of ${work.work} was not found`);
    return null;
  }
  const protocol = protocolWith(work);
  const [put, clear, unlockNew] = [protocol.first("put"), protocol.first("clear"), protocol.first("unlock-new")];
  const worker = protocol.fragment(does);
  const umount = protocol.fragment(killSb);
  for (const { name, reason } of protocol.failures) reject(`${name}(): ${reason}`);
  if (put === null || clear === null || unlockNew === null || worker === null || umount === null) return null;
  const draft: Draft = {
    id: `handed-on-against-umount-${evicts.name}`,
    title: `${worker.name}() finishes an eviction against ${umount.name}()`,
    summary: `${evicts.name}() hands an eviction to a worker, and the filesystem is unmounted.`,
    threads: [evictor(put), workerThread(worker), umountThread(umount)],
    inode: { ...INODE, nlink: 0 },
    others: [{ ...INODE, ino: 2, count: 0, lru: "LRU" }],
    functions: [put, worker, umount],
    variables: [
      { name: UNDONE, initial: 0, max: SLOTS },
      { name: "gone", initial: 0, max: 1 },
    ],
    queues: [{ name: PUNTED, capacity: SLOTS }],
  };
  return { protocol, draft, put, clear, unlockNew };
}

function functionOf(
  tree: ExtractionTree,
  field: string,
  fits: (binding: BindingRef) => boolean,
): FunctionRef | undefined {
  const binding = tree.program.bindingsOf(field).find(fits);
  return binding === undefined ? undefined : (tree.lookup.functionValue(binding.target, binding.file) ?? undefined);
}

/** INIT_WORK(&..->work, function), wherever the filesystem has it. */
function workFunction(tree: ExtractionTree, directory: string, work: string): FunctionRef | null {
  const made = new RegExp(
    `\\b(?:INIT|kthread_init)\\w*_(?:WORK|work)\\w*\\s*\\([^;]*?\\b${work}\\s*,\\s*(\\w+)\\s*\\)`,
  );
  for (const file of tree.program.files.values()) {
    if (file.directory !== directory) continue;
    for (const fn of file.functions) {
      const name = made.exec(tree.bodies.textOf(file, fn.span.body, fn.span.end))?.[1];
      if (name !== undefined) return tree.lookup.functionValue(name, file);
    }
  }
  return null;
}

function evictor(put: Fragment): ThreadDeclaration {
  return {
    name: "unlink",
    steps: [callOf(put, { inode: "A" }), { label: "the last user of the mount is gone", do: "gone = 1" }],
  };
}

function workerThread(worker: Fragment): ThreadDeclaration {
  const steps: Step[] = [
    { label: "takes the work", do: `pop(${PUNTED}, taken)` },
    { label: "uses the mounted filesystem", do: "use_fs()" },
    callOf(worker, { inode: "taken" }),
    { label: "the work is done", do: `${UNDONE}--; taken = none` },
  ];
  return {
    name: "worker",
    context: ["worker"],
    daemon: true,
    locals: [{ name: "taken", type: "slot" }],
    steps: [{ while: "1", loop: steps }],
  };
}

function umountThread(umount: Fragment): ThreadDeclaration {
  return {
    name: "umount",
    steps: [
      { label: "nobody uses the mount", do: "wait(gone)" },
      callOf(umount, {}),
      { label: "the filesystem is gone", do: "put_super()" },
    ],
  };
}
