/**
 * ->evict_inode and the tail of evict() with its assertions: clear_inode() finds no pages, and evict() finds exactly
 * I_FREEING and I_CLEAR (fs/inode.c).
 */
import type { EffectSite } from "../../analysis/effect.ts";
import { MODES } from "../../analysis/interpreter.ts";
import { positionIn } from "../../ir/function-bodies.ts";
import type { Step as CodeStep, Expr } from "../../ir/ir.ts";
import type { EffectKind } from "../../knowledge/knowledge.ts";
import type { Step } from "../../race/model.ts";
import type { EvictionOperation } from "../../report/finding.ts";
import type { ChainFailure } from "./chain-steps.ts";
import type { FindingScope, Scenario } from "./finding-scope.ts";
import { asyncAssumption } from "./operation-methods.ts";
import { type EffectPlace, operationSteps } from "./operation-steps.ts";
import { onProtocol } from "./protocol-scenario.ts";
import { evictorThread } from "./protocol-threads.ts";
import { callOf } from "./reclaim-scenario.ts";
import { Protocol } from "./tree-protocol.ts";

const KINDS: ReadonlySet<EffectKind> = new Set(["clear", "truncate", "remove-folios"]);

export function tailScenario(scope: FindingScope): Scenario | ChainFailure {
  const { finding, filesystem } = scope;
  if (filesystem === null) return { reason: "it belongs to no filesystem" };
  const last = finding.chain.at(-1)!;
  const isPlace = ({ body, source }: Pick<EffectPlace, "body" | "source">): boolean =>
    body.name === last.function && source.line === last.line && body.file.path === last.file;
  const protocol = new Protocol(scope, { drop: "always" });
  let found = false;
  const effectSteps = (effect: EffectSite, place: EffectPlace): readonly Step[] | null => {
    const { label, source, onInode } = place;
    switch (effect.kind) {
      case "clear": {
        if (!onInode) return null;
        const isIt = finding.rule === "missing-truncate-pages" && isPlace(place);
        found ||= isIt;
        if (!isIt) return [{ do: "inode.CLEAR = 1", label, source }];
        return [{ do: "skip()", label, source }, protocol.call("clear", { inode: "inode" })];
      }
      case "truncate":
        return isOtherMapping(place) ? null : [{ do: "inode.pages = 0", label, source }];
      case "remove-folios":
        return [{ do: "inode.pages = 0", label, source }];
      case "dirty": {
        if (finding.rule !== "dirty-after-clear" || !isPlace(place)) return null;
        found = true;
        return [{ do: 'assert(STATE, !inode.CLEAR, "the inode is dirtied after clear_inode()")', label, source }];
      }
      default:
        return null;
    }
  };
  const own = operationSteps({
    facts: scope.facts(filesystem),
    operation: finding.operation as EvictionOperation,
    mode: MODES.any,
    kinds: KINDS,
    functions: new Set(finding.chain.slice(1).map((link) => link.function)),
    onEffect: effectSteps,
    onBranch: (step, yes) => (saysEmpty(step, yes, scope) ? [{ do: "inode.pages = 0", label: "no page cache" }] : []),
    onReturn: (body, at) => {
      if (finding.rule !== "missing-clear-inode" || body.name !== finding.function) return [];
      const { line, column } = positionIn(body, at);
      if (line !== finding.line || column !== finding.column) return [];
      found = true;
      return [{ do: "at_exit = 1", label: "returns from ->evict_inode", source: { file: finding.file, line } }];
    },
  });
  const [entry] = own.procedures;
  if (entry === undefined || !found) return { reason: "the place of the finding was not met in its operation" };
  return onProtocol({
    summary: "->evict_inode runs, and evict() looks at what it left: pages, and i_state.",
    protocols: [protocol],
    methods: [
      {
        evict: [
          callOf(entry, "inode"),
          // Other ways out, and other calls of clear_inode(), have findings of their own.
          {
            label: "the inode is cleared, unless this is the way that does not",
            do: "if (!at_exit) { inode.FREEING = 1; inode.CLEAR = 1 }",
          },
        ],
      },
    ],
    own: own.procedures,
    assumptions: [...own.assumptions, ...asyncAssumption(finding.operation)],
    variables: [{ name: "at_exit", description: "the way out that the finding is about was taken" }],
    slots: { count: 1, initial: [{ ino: 1, count: 1, hashed: 1, on_sb: 1, pages: 1 }] },
    threads: [evictorThread(protocol)],
    invariants: ["STATE"],
    looksAtOwnStepsAlone: true,
  });
}

function isOtherMapping({ event }: EffectPlace): boolean {
  const [mapping] = event.args;
  if (mapping === undefined || mapping.k === "nonzero") return false;
  return !(mapping.k === "symbol" && (mapping.name === "#mapping" || mapping.name === "#inode"));
}

/** `is_bad_inode(inode)` came out true: such an inode never had a page. */
function saysEmpty(step: CodeStep & { readonly k: "branch" }, yes: boolean, { engine }: FindingScope): boolean {
  const { emptyWhenTrue, emptyWhenFalse, emptyMembers } = engine.knowledge;
  const says = (test: Expr, holds: boolean): boolean =>
    test.k === "call" && test.callee.k === "id" && (holds ? emptyWhenTrue : emptyWhenFalse).has(test.callee.name);
  if (says(step.test, yes)) return true;
  if (!yes && step.test.k === "field" && emptyMembers.has(step.test.name)) return true;
  return yes === step.sense && operandsOfOr(step.whole).some((operand) => says(operand, true));
}

function operandsOfOr(test: Expr): Expr[] {
  return test.k === "binary" && test.op === "||" ? [...operandsOfOr(test.left), ...operandsOfOr(test.right)] : [test];
}
