/** Adds the clear_inode() or truncate_inode_pages_final() that a path through ->evict_inode lacks. */
import { MODES } from "../analysis/interpreter.ts";
import { CLEARED, NO_PAGES, PAGES_GONE } from "../analysis/typestate.ts";
import { stepsIn } from "../query/function-at.ts";
import { stateMap } from "../query/state-map.ts";
import { bodyEdit, type FixSite, insertBefore, lineStart, statementOf } from "./fix-site.ts";
import { type Fixer, NOT_IN_RECLAIM } from "./fixer.ts";

const TRUNCATE = (inode: string): string => `truncate_inode_pages_final(&${inode}->i_data);`;
const CLEAR = (inode: string): string => `clear_inode(${inode});`;

export const addClearInode: Fixer = {
  fix: "add-clear-inode",
  rules: ["missing-clear-inode"],
  make(site) {
    const states = statesAt(site, site.at, site.at + 1);
    // Where some ways come cleared already, a second call would meet clear_inode()'s own assertions.
    if (states.length === 0 || states.some((state) => (state & CLEARED) !== 0)) return null;
    const lines = [CLEAR(site.inode)];
    if (states.some((state) => (state & (PAGES_GONE | NO_PAGES)) === 0)) lines.unshift(TRUNCATE(site.inode));
    const why = "evict() expects I_FREEING | I_CLEAR on every way out";
    const title = `Add ${lines.length === 2 ? "truncate_inode_pages_final() and " : ""}clear_inode() on this path`;
    if (site.body.text[site.at] === "}") {
      const at = lineStart(site.body.text, site.at);
      return { title, edits: [bodyEdit(site.body, at, at, lines.map((line) => `\t${line}\n`).join(""), why)] };
    }
    const place = statementOf(site.ast, site.at);
    return place === null ? null : { title, edits: insertBefore(site, place, lines, why) };
  },
};

export const addTruncatePages: Fixer = {
  fix: "add-truncate-pages",
  rules: ["missing-truncate-pages"],
  make(site) {
    const place = statementOf(site.ast, site.at);
    if (place === null || place.node.type !== "expression_statement" || truncatesInReclaim(site)) return null;
    return {
      title: "Add truncate_inode_pages_final() on this path",
      edits: insertBefore(
        site,
        place,
        [TRUNCATE(site.inode)],
        "clear_inode() stops the machine on pages in the mapping",
      ),
    };
  },
};

/** Where the filesystem's ->invalidate_folio does more than let pages go, another truncation is another finding. */
function truncatesInReclaim({ facts, operation }: FixSite): boolean {
  return facts
    .anchors(operation, MODES.reclaim)
    .some(
      ({ effects }) =>
        effects.some(({ site }) => site.kind === "truncate") &&
        effects.some(({ site }) => NOT_IN_RECLAIM.has(site.kind)),
    );
}

/** The typestates that reach a statement of the operation. */
function statesAt(site: FixSite, start: number, end: number): number[] {
  const states = stateMap(site.facts, site.operation).get(site.body);
  return stepsIn(site.body, start, end).flatMap((step) => [...(states?.get(step)?.before ?? [])]);
}
