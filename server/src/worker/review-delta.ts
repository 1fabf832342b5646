/**
 * Reviews on their way from the reviewing thread: lists of findings and the like are sent as what is new in them. After an
 * edit nearly all is as before, and copying a tree's findings takes longer than finding them.
 */
import type { Review } from "../core/report/finding.ts";
import { isSameData } from "../core/report/same-data.ts";
import type { PartialReview, RevisedReview } from "../index/review-session.ts";

const LISTS = [
  "findings",
  "unresolvedCalls",
  "implementations",
  "unhashSites",
  "problems",
  "filesystems",
  "contexts",
] as const satisfies readonly (keyof Review)[];
type ListName = (typeof LISTS)[number];

/** An element is its place in the list that was sent before, or itself. Null: the list is the same. */
type ListDelta = readonly unknown[] | null;

export interface ReviewDelta {
  readonly revision: number;
  readonly rest: Omit<Review, ListName>;
  readonly lists: Readonly<Partial<Record<ListName, ListDelta>>>;
  readonly pending?: readonly string[];
}

type Lists = Partial<Record<ListName, readonly unknown[]>>;

export class ReviewEncoder {
  #sent: Lists = {};

  encode(revised: RevisedReview | PartialReview): ReviewDelta {
    const rest: Partial<Review> = { ...revised.review };
    const lists: Partial<Record<ListName, ListDelta>> = {};
    const sent: Lists = {};
    for (const name of LISTS) {
      const list = revised.review[name] as readonly unknown[] | undefined;
      delete (rest as Record<string, unknown>)[name];
      if (list === undefined) continue;
      lists[name] = deltaOf(this.#sent[name] ?? [], list);
      sent[name] = list;
    }
    this.#sent = sent;
    const pending = "pending" in revised ? { pending: revised.pending } : {};
    return { revision: revised.revision, rest: rest as Omit<Review, ListName>, lists, ...pending };
  }
}

function deltaOf(before: readonly unknown[], now: readonly unknown[]): ListDelta {
  const places = new Map(before.map((each, i) => [each, i]));
  let same = before.length === now.length;
  const delta = now.map((each, i) => {
    const place = places.get(each) ?? (isSameData(before[i], each) ? i : undefined);
    same &&= place === i;
    return place ?? each;
  });
  return same ? null : delta;
}

export class ReviewDecoder {
  #known: Lists = {};

  /** Every delta of an encoder, in the order in which it made them. What did not change is the same object as before. */
  decode(delta: ReviewDelta): RevisedReview | PartialReview {
    const lists: Lists = {};
    for (const name of LISTS) {
      const list = delta.lists[name];
      if (list === undefined) continue;
      const before = this.#known[name] ?? [];
      lists[name] = list === null ? before : list.map((each) => (typeof each === "number" ? before[each] : each));
    }
    this.#known = lists;
    const review = { ...delta.rest, ...lists } as unknown as Review;
    const { revision, pending } = delta;
    return pending === undefined ? { revision, review } : { revision, review, pending };
  }
}
