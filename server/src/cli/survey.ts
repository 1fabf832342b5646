/** `evictscope survey`: what there is, without a parse. */
import { SURVEY_WORDS, surveyTree } from "../index/survey.ts";
import type { Survey } from "../index/survey-report.ts";
import { searchSource } from "../index/survey-search.ts";
import { CLEAN, comesLater, Refusal } from "./exit-status.ts";
import { INTERRUPT } from "./interrupt.ts";
import { deliver, requireWritable } from "./output.ts";
import { createProgressLine } from "./progress-line.ts";
import { resolveTree } from "./resolve-tree.ts";
import { createFolderSearch } from "./search-files.ts";
import { styleFor } from "./style.ts";
import { surveyToText } from "./survey-text.ts";

export interface SurveyOptions {
  readonly format: string;
  readonly output?: string;
}

/** Returns the exit status. Throws Refusal, Cancelled. */
export async function survey(path: string, options: SurveyOptions): Promise<number> {
  if (options.format === "html") throw comesLater("--format html", "use text or json");
  requireWritable(options.output);
  const tree = resolveTree([path]);
  if (tree.scope !== null) throw new Refusal(`${path}: a survey is of a whole tree: give its root, ${tree.files.root}`);
  const progress = createProgressLine();
  progress.show("Searching for tables of super_operations (Ctrl-C stops)");
  // A lone folder's files are named as in a tree, which the plain search understands.
  const folder = tree.lone ? null : createFolderSearch(tree.files.root, SURVEY_WORDS, bundle());
  let result: Survey;
  try {
    const request = folder === null ? { search: searchSource(tree.files) } : folder;
    result = await surveyTree({ files: tree.files, ...request }, INTERRUPT);
  } finally {
    folder?.close();
    progress.clear();
  }
  if (result.stats.files === 0) {
    const reasons = result.problems.map(({ file, message }) => `${file}: ${message}`);
    throw new Refusal(`${tree.name}: no C files found`, reasons);
  }
  const measured: Survey = {
    ...result,
    stats: {
      ...result.stats,
      elapsedMs: Math.round(performance.now()),
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
    },
  };
  const text =
    options.format === "json"
      ? `${JSON.stringify(measured, null, 2)}\n`
      : surveyToText(measured, styleFor(options.output !== undefined), tree.name);
  await deliver(text, options.output);
  return CLEAN;
}

/** This program as a thread can run it: only once it is bundled. */
function bundle(): URL | null {
  return import.meta.url.endsWith(".js") ? new URL("./search-worker.js", import.meta.url) : null;
}
