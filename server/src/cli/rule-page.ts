/** The rules' pages: where they are on the web, and what the local copy says. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { RuleId } from "../core/report/finding.ts";

/** The page as published. */
export function rulePageAddress(rule: RuleId): string {
  return `https://github.com/evictscope/evictscope/blob/main/docs/rules/${rule}.md`;
}

/** A part of the page ("How to fix") as plain lines, or null when the pages are not installed here. */
export function rulePagePart(rule: RuleId, title: string): string | null {
  // Beside the bundle (dist/server), or from the sources.
  for (const folder of ["../../docs/rules/", "../../../docs/rules/"]) {
    const file = fileURLToPath(new URL(`${folder}${rule}.md`, import.meta.url));
    if (!existsSync(file)) continue;
    const text = readFileSync(file, "utf8");
    const start = text.indexOf(`\n## ${title}\n`);
    if (start < 0) return null;
    const from = start + title.length + 5;
    const end = text.indexOf("\n## ", from);
    return text.slice(from, end < 0 ? text.length : end).trim();
  }
  return null;
}
