/** Values with what they were before the step: marked by a sign, weight and words, never by colour alone. */
import type { NamedValue } from "../../../server/src/protocol/simulator-view.ts";
import { h, hiddenText } from "../dom.ts";

/** `count 1 -> 0` for a changed value, `count 1` otherwise. */
export function valueView(field: NamedValue, before: NamedValue | undefined): HTMLElement {
  const old = before?.value;
  const changed = field.changed && old !== undefined && old !== field.value;
  return h(
    "span",
    { class: changed || field.changed ? "value changed" : "value" },
    h("span", { class: "value-name" }, field.name),
    changed && h("s", { class: "value-old" }, hiddenText("was "), old),
    changed && h("span", { class: "value-arrow", attributes: { "aria-hidden": "true" } }, "→"),
    h("b", { class: "value-now" }, changed ? hiddenText("now ") : undefined, field.value),
  );
}

export function find(values: readonly NamedValue[] | undefined, name: string): NamedValue | undefined {
  return values?.find((value) => value.name === name);
}

export function mark(changed: boolean): HTMLElement | false {
  return changed && h("span", { class: "mark", title: "changed in this step" }, hiddenText("changed "), "◆");
}
