/** The views and the commands that lead to them. */
import { commands, type ExtensionContext } from "vscode";
import { NO_FILTER } from "../../../server/src/protocol/views.ts";
import { ChainPanels } from "./chain-panels.ts";
import { chooseFinding, findingOfArgument } from "./choose-finding.ts";
import { askForFilter } from "./eviction-filter.ts";
import { EvictionView, REVEAL_COMMAND } from "./eviction-view.ts";
import { followSample, openSampleTree, showSampleFinding, targetOf } from "./sample-tree.ts";
import type { SimulatorPanels } from "./simulator-panel.ts";
import { SurveyPanel } from "./survey-panel.ts";
import { revealLine } from "./view-panel.ts";
import type { ViewsSource } from "./views-source.ts";

const WALKTHROUGH = "evictscope.evictscope#evictscope.start";

export function registerViews(context: ExtensionContext, source: ViewsSource, simulator: SimulatorPanels): void {
  const simulate = async (target: unknown): Promise<void> => {
    const chosen = await chooseFinding(source, target);
    if (chosen === undefined) return;
    const { id, rule, message, model } = chosen.finding;
    await simulator.open({ root: chosen.root, findings: [{ id, rule, message, model }] });
  };
  const view = new EvictionView(source);
  const chains = new ChainPanels(source, context.extensionUri, (root, finding) => simulate({ root, finding }));
  const survey = new SurveyPanel(source, context.extensionUri, {
    showChain: (root, finding) => chains.open(root, finding),
    simulate: (root, finding) => simulate({ root, finding }),
  });
  context.subscriptions.push(view, chains, survey, followSample(source));

  const register = (name: string, run: (argument: unknown) => unknown): void => {
    context.subscriptions.push(commands.registerCommand(name, run));
  };
  register("evictscope.openSurvey", () => survey.open());
  register("evictscope.showChain", async (argument) => {
    const target = await targetOf(source, argument);
    const chosen = findingOfArgument(target) ?? (await pick(source));
    if (chosen !== undefined) await chains.open(chosen.root, chosen.finding);
  });
  register("evictscope.simulateFinding", async (argument) => simulate(await targetOf(source, argument)));
  register("evictscope.filterFindings", async () => {
    if (view.latest === null) await view.refresh();
    if (view.latest === null) return;
    const filter = await askForFilter(view.latest, view.filter);
    if (filter !== undefined) await view.setFilter(filter);
  });
  register("evictscope.clearFilter", () => view.setFilter(NO_FILTER));
  register(REVEAL_COMMAND, (place) => {
    if (!isPlace(place)) return undefined;
    return revealLine(place.root, place.file, place.line, place.column ?? 1);
  });
  register("evictscope.openSampleTree", () => openSampleTree(context));
  register("evictscope.showSampleFinding", () => showSampleFinding(source));
  register("evictscope.openWalkthrough", () =>
    commands.executeCommand("workbench.action.openWalkthrough", WALKTHROUGH, false),
  );
}

async function pick(source: ViewsSource): Promise<{ root: string; finding: string } | undefined> {
  const chosen = await chooseFinding(source, undefined);
  return chosen === undefined ? undefined : { root: chosen.root, finding: chosen.finding.id };
}

interface PlaceArgument {
  readonly root: string;
  readonly file: string;
  readonly line: number;
  readonly column?: number;
}

function isPlace(value: unknown): value is PlaceArgument {
  const place = value as Partial<PlaceArgument> | null | undefined;
  return typeof place?.root === "string" && typeof place.file === "string" && typeof place.line === "number";
}
