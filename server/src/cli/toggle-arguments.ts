/** `--set NAME=VALUE` as settings of a model's toggles. */
import type { RaceModel, ToggleSettings, ToggleValue } from "../core/race/model.ts";
import { Refusal } from "./exit-status.ts";

/** Throws Refusal for a toggle or a value that the model has not. */
export function parseToggles(model: RaceModel, settings: readonly string[]): ToggleSettings {
  const toggles: Record<string, ToggleValue> = {};
  for (const setting of settings) {
    const at = setting.indexOf("=");
    if (at < 1) throw new Refusal(`--set ${setting}: expected NAME=VALUE`);
    const [name, text] = [setting.slice(0, at), setting.slice(at + 1)];
    const toggle = (model.toggles ?? []).find((each) => each.name === name);
    if (toggle === undefined)
      throw new Refusal(`--set ${setting}: ${model.id} has no toggle ${name}`, describeToggles(model));
    const value = toggle.values.find((each) => String(each) === text);
    if (value === undefined) {
      throw new Refusal(`--set ${setting}: ${name} is one of ${toggle.values.map(String).join(", ")}`);
    }
    toggles[name] = value;
  }
  return toggles;
}

function describeToggles(model: RaceModel): string[] {
  const toggles = model.toggles ?? [];
  if (toggles.length === 0) return ["it has none"];
  return toggles.map(
    (each) => `${each.name}=${each.values.map(String).join("|")} (${String(each.default)}): ${each.description}`,
  );
}
