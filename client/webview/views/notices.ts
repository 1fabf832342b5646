/** What a view says beside its picture: why it is empty, what was done. Readers hear it without losing their place. */
import { h } from "../dom.ts";

export class Notices {
  readonly element = h("p", { class: "notice", attributes: { role: "status", "aria-live": "polite" } });

  say(message: string): void {
    this.element.textContent = message;
    this.element.hidden = message === "";
  }
}

/** The whole page, when there is nothing to show. */
export function emptyPage(title: string, message: string): HTMLElement {
  return h("main", { class: "empty-page" }, h("h1", {}, title), h("p", { class: "empty-words" }, message));
}

/** `fs/ext4/inode.c:220` as a button that shows the line. */
export function placeButton(file: string, line: number, reveal: (file: string, line: number) => void): HTMLElement {
  return h(
    "button",
    {
      class: "link-button place",
      title: "Show the line",
      attributes: { type: "button" },
      on: { click: () => reveal(file, line) },
    },
    `${file}:${line}`,
  );
}
