/** What the simulator's page holds: every model of the catalogue, and a finding's own, opened on it. */
import { getModel, listModels } from "../core/race/catalogue/index.ts";
import type { RaceModel } from "../core/race/model.ts";
import type { Finding } from "../core/report/finding.ts";
import { catalogueModel } from "../core/report/simulation-models.ts";
import type { SimulatorPageData } from "../protocol/simulator-page.ts";

/** `own` is the model made of the finding's code; without one the catalogue's example of its rule is opened. */
export function simulatorPageData(finding: Finding | undefined, own: RaceModel | null): SimulatorPageData {
  const models = listModels();
  if (finding === undefined) return { models };
  const { traceString } = finding.simulation;
  const model = own ?? getModel(finding.simulation.model) ?? getModel(catalogueModel(finding.rule));
  if (model === undefined) return { models };
  const trace = model.id === finding.simulation.model && traceString !== undefined ? { trace: traceString } : {};
  return { models: own === null ? models : [own, ...models], opening: { model: model.id, ...trace } };
}
