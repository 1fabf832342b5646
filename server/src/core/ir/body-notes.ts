/** What is found of a body once and kept as long as it lives. */
import type { Body } from "./function-bodies.ts";

interface Note {
  readonly owner: object;
  readonly note: unknown;
}

/** A body's notes, by their kind. */
export type NotesOfBody = [Note | undefined, Note | undefined];

/** Notes stand in the body: a weak map of ten thousands of them is slow to ask, and slower for the collector. */
const KINDS = { expansions: 0, locals: 1 } as const;

export class BodyNotes<T> {
  readonly #kind: 0 | 1;
  readonly #make: (body: Body) => T;

  /** Of each kind a body keeps the notes of the one who asked last. */
  constructor(kind: keyof typeof KINDS, make: (body: Body) => T) {
    this.#kind = KINDS[kind];
    this.#make = make;
  }

  of(body: Body): T {
    const known = body.notes[this.#kind];
    if (known !== undefined && known.owner === this) return known.note as T;
    const note = this.#make(body);
    body.notes[this.#kind] = { owner: this, note };
    return note;
  }
}
