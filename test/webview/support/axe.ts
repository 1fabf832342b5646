/** axe-core in an opened page: one line for each violation, of every rule that applies. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";

const source = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** The page's policy allows no foreign script: axe is run as a debugger runs one. */
export async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(source, "utf8"));
  const { violations } = await page.evaluate(
    (): Promise<AxeResults> => (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`);
}
