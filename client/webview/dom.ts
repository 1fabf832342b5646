/**
 * Makes elements. Text is always set as text: names come from models and source files and may look like HTML.
 * Nothing here sets a style attribute, which the page's policy forbids; positions are set through CSSOM.
 */

export type Child = Node | string | undefined | false;

export interface Properties {
  readonly class?: string;
  readonly id?: string;
  readonly title?: string;
  /** Any further attribute; undefined and false leave it out, true sets it empty. */
  readonly attributes?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly on?: { readonly [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };
  /** Names the element among its siblings, so that focus survives a redraw. */
  readonly key?: string;
}

function apply(node: Element, properties: Properties): void {
  if (properties.class) node.setAttribute("class", properties.class);
  if (properties.id) node.id = properties.id;
  if (properties.title) node.setAttribute("title", properties.title);
  if (properties.key) node.setAttribute("data-key", properties.key);
  for (const [name, value] of Object.entries(properties.attributes ?? {})) {
    if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const [name, listener] of Object.entries(properties.on ?? {})) {
    if (listener) node.addEventListener(name, listener as (event: Event) => void);
  }
}

function append(node: Element, children: readonly Child[]): void {
  for (const child of children) if (child !== undefined && child !== false) node.append(child);
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  apply(node, properties);
  append(node, children);
  return node;
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | number | undefined>> = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) node.setAttribute(name, String(value));
  }
  append(node, children);
  return node;
}

/** A button whose name is its text, or `label` where the text is a sign. */
export function button(
  content: Child | readonly Child[],
  act: () => void,
  properties: Properties & { readonly label?: string; readonly keys?: string; readonly disabled?: boolean } = {},
): HTMLButtonElement {
  const title = properties.title ?? properties.label;
  const hint = properties.keys ? `${title ?? ""}${title ? " " : ""}(${properties.keys})` : title;
  const node = h(
    "button",
    {
      ...properties,
      ...(hint ? { title: hint } : {}),
      attributes: {
        type: "button",
        "aria-label": properties.label,
        "aria-keyshortcuts": properties.keys,
        // Not `disabled`: the button would lose the focus, and a reader could not find out why it is off.
        "aria-disabled": properties.disabled ? "true" : undefined,
        ...properties.attributes,
      },
      on: {
        click: () => {
          if (node.getAttribute("aria-disabled") !== "true") act();
        },
      },
    },
    ...(Array.isArray(content) ? content : [content as Child]),
  );
  return node;
}

/** Replaces what `container` holds; if the focus was inside, it goes to the new element with the same key. */
export function redraw(container: Element, ...children: readonly Child[]): void {
  const active = document.activeElement;
  const key = active && container.contains(active) ? active.getAttribute("data-key") : null;
  container.replaceChildren(
    ...children.filter((child): child is Node | string => child !== undefined && child !== false),
  );
  if (key !== null) {
    const again = container.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
    again?.focus({ preventScroll: true });
  }
}

export function hiddenText(words: string): HTMLSpanElement {
  return h("span", { class: "hidden-text" }, words);
}
