/** What is found of a body once and kept as long as it lives. */
import type { Body } from "./function-bodies.ts";

/** A body is mostly asked for several times in a row; a weak map's look-up is slow. */
export class BodyNotes<T> {
  readonly #make: (body: Body) => T;
  readonly #notes = new WeakMap<Body, { readonly note: T }>();
  #last: Body | null = null;
  #lastNote: T | undefined;

  constructor(make: (body: Body) => T) {
    this.#make = make;
  }

  of(body: Body): T {
    if (body === this.#last) return this.#lastNote as T;
    let known = this.#notes.get(body);
    if (known === undefined) {
      known = { note: this.#make(body) };
      this.#notes.set(body, known);
    }
    this.#last = body;
    this.#lastNote = known.note;
    return known.note;
  }
}
