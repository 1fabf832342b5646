/** One inode slot as a card: phase, i_state bits, counts, lists, who waits on it. */
import type { SlotView } from "../../../server/src/protocol/simulator-view.ts";
import { h, hiddenText } from "../dom.ts";
import { find, mark, valueView } from "./changed.ts";

const PHASES = {
  live: "in use",
  limbo: "waits for an RCU grace period",
  free: "free memory",
} as const;

/** Shown in the card's head, in this order, where the model has them. */
const HEAD_FIELDS = ["ino", "gen", "generation"];

export function slotCard(slot: SlotView, before: SlotView | undefined): HTMLElement {
  const head = slot.fields.filter((field) => HEAD_FIELDS.includes(field.name));
  const rest = slot.fields.filter((field) => !HEAD_FIELDS.includes(field.name));
  const changed =
    slot.phaseChanged ||
    slot.hashChanged ||
    slot.waitersChanged ||
    slot.bits.some((bit) => bit.changed) ||
    slot.fields.some((field) => field.changed);
  // Free memory that this step left alone has nothing to say.
  const bare = slot.phase === "free" && !changed;
  return h(
    "article",
    {
      class: `slot slot-${slot.phase}${changed ? " slot-changed" : ""}`,
      attributes: { "aria-label": `inode slot ${slot.name}, ${PHASES[slot.phase]}` },
    },
    h(
      "header",
      { class: "slot-head" },
      h("span", { class: "slot-name" }, slot.name),
      ...(bare ? [] : head).map((field) => valueView(field, find(before?.fields, field.name))),
      h(
        "span",
        { class: `phase phase-${slot.phase}${slot.phaseChanged ? " changed" : ""}`, title: PHASES[slot.phase] },
        mark(slot.phaseChanged),
        slot.phase,
      ),
    ),
    !bare &&
      slot.bits.length > 0 &&
      h(
        "ul",
        { class: "bits", attributes: { "aria-label": "i_state" } },
        ...slot.bits.map((bit) =>
          h(
            "li",
            {
              class: `bit${bit.set ? " bit-set" : ""}${bit.changed ? " changed" : ""}`,
              title: `${bit.name} ${bit.set ? "set" : "clear"}${bit.changed ? ", changed in this step" : ""}`,
            },
            bit.changed && h("span", { class: "bit-sign", attributes: { "aria-hidden": "true" } }, bit.set ? "+" : "−"),
            bit.name,
            hiddenText(`${bit.set ? " set" : " clear"}${bit.changed ? ", changed" : ""}`),
          ),
        ),
      ),
    !bare &&
      rest.length > 0 &&
      h("div", { class: "values" }, ...rest.map((field) => valueView(field, find(before?.fields, field.name)))),
    slot.waiters.length > 0 || slot.waitersChanged
      ? h(
          "div",
          { class: `waiters${slot.waitersChanged ? " changed" : ""}` },
          mark(slot.waitersChanged),
          h("span", { class: "value-name" }, "wait queue"),
          slot.waiters.length === 0
            ? h("span", { class: "nothing" }, "empty")
            : h("span", { class: "queue-items" }, ...slot.waiters.map((name) => h("span", { class: "box" }, name))),
        )
      : undefined,
  );
}
