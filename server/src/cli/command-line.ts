/** The commands and options of docs/cli.md. Commands are loaded when they run: `survey` needs no parser. */
import { Command, InvalidArgumentError, Option } from "commander";
import { TOOL_NAME, TOOL_VERSION } from "../core/report/tool-version.ts";
import type { CheckOptions } from "./check.ts";
import { comesLater, Refusal } from "./exit-status.ts";
import type { ExplainOptions } from "./explain.ts";
import type { SimulateOptions } from "./simulate.ts";
import { commandName, shellWord } from "./style.ts";
import type { SurveyOptions } from "./survey.ts";

const STATUS_HELP = `
Exit status: 0 nothing at or above --fail-on (simulate: the model holds), 1 findings (simulate: violated or a
limit was met), 2 wrong usage or unreadable input, 3 internal error, 130 interrupted.`;

/** `finish` is given the command's exit status. Parsing throws CommanderError, Refusal or Cancelled. */
export function createProgram(finish: (status: number) => void): Command {
  const program = new Command(TOOL_NAME)
    .description("Shows what inode eviction does in a Linux kernel tree, and which of it goes wrong.")
    .version(TOOL_VERSION, "-V, --version")
    .exitOverride()
    .showHelpAfterError("(evictscope --help, evictscope COMMAND --help)")
    .addHelpText("after", STATUS_HELP);

  program
    .command("check")
    .summary("review a tree, or files and folders of one")
    .description("Reviews a kernel tree; with PATHS inside one, the filesystems that they belong to.")
    .argument("<paths...>", "a tree, or files and folders inside one")
    .addOption(
      new Option("--format <format>", "of the report; sarif and html come with a later release")
        .choices(["text", "json", "sarif", "html"])
        .default("text"),
    )
    .option("--rule <id>", "only this rule (repeatable)", collect)
    .option("--filesystem <dir>", "only this filesystem, as fs/ext4 or mm/shmem.c (repeatable)", collect)
    .addOption(
      new Option("--simulate <which>", "run the model of each finding, made from the tree's own code")
        .choices(["none", "all"])
        .default("none"),
    )
    .option("--base <git-rev>", "only what changed since a revision (later release)")
    .option("--baseline <file>", "only what is not in an earlier report (later release)")
    .addOption(
      new Option("--fail-on <severity>", "exit with 1 from this severity on")
        .choices(["error", "warning", "never"])
        .default("error"),
    )
    .option("--no-cache", "read and solve everything anew, and keep nothing")
    .option("--jobs <n>", "threads (this release uses 1)", positiveInteger)
    .option("-o, --output <file>", "write the report to a file, whole or not at all")
    .action(async (paths: string[], options: CheckOptions) => {
      const { check } = await import("./check.ts");
      finish(await check(paths, options));
    });

  program
    .command("survey")
    .summary("every table, eviction method and unhash site of a tree")
    .description(
      "Lists every super_operations table with its eviction methods, and every unhash site, without a parse.",
    )
    .argument("<tree>", "root of a kernel tree, or a filesystem's folder without a tree")
    .addOption(
      new Option("--format <format>", "of the report; html comes with a later release")
        .choices(["text", "json", "html"])
        .default("text"),
    )
    .option("-o, --output <file>", "write the report to a file, whole or not at all")
    .action(async (tree: string, options: SurveyOptions) => {
      const { survey } = await import("./survey.ts");
      finish(await survey(tree, options));
    });

  program
    .command("explain")
    .summary("one finding in full: source lines, ways in, what to do")
    .description(
      "Shows one finding with the source lines of its chain, the ways into it, its conditions and how to fix it.",
    )
    .argument("<finding-id>", "from the report of check; its first digits are enough")
    .argument("<tree>", "the tree that it is a finding of")
    .addOption(new Option("--format <format>", "of the report").choices(["text", "json"]).default("text"))
    .option("-o, --output <file>", "write the report to a file, whole or not at all")
    .action(async (id: string, tree: string, options: ExplainOptions) => {
      const { explain } = await import("./explain.ts");
      finish(await explain(id, tree, options));
    });

  program
    .command("simulate")
    .summary("explore a race model, or replay a run of it")
    .description(
      "Explores every interleaving of a model: of the catalogue, of a file, or the one made of a finding's own code.",
    )
    .usage("[options] <subject> [tree]\n       evictscope simulate --designs <dir> [options] <tree>")
    // Optional for commander alone, which would miss a "subject" where --designs lacks its tree.
    .argument(
      "[subject]",
      "a model's id in the catalogue (list: all of them), a model's .json file, or a finding's id; with --designs the tree",
    )
    .argument("[tree]", "the tree of a finding")
    .option("--set <toggle=value>", "sets a toggle of the model (repeatable)", collect)
    .addOption(
      new Option("--format <format>", "of the answer")
        .choices(["text", "json", "promela", "mermaid", "svg"])
        .default("text"),
    )
    .option("--max-states <n>", "give up after so many states", positiveInteger)
    .option("--trace <string>", "replay this run instead")
    .addOption(new Option("--seed-trace <string>", "the same as --trace").conflicts("trace"))
    .option("--no-reductions", "look at every state by itself: slower, the same verdict")
    .option("--designs <dir>", "compare the designs of inode eviction for one filesystem of the tree, as fs/ext4")
    .option("-o, --output <file>", "write the answer to a file, whole or not at all")
    .action(async (subject: string | undefined, tree: string | undefined, options: SimulateArguments) => {
      if (subject === undefined) throw missingSubject(options.designs);
      const { simulate } = await import("./simulate.ts");
      const { seedTrace, ...rest } = options;
      finish(await simulate(subject, tree, seedTrace === undefined ? rest : { ...rest, trace: seedTrace }));
    });

  program
    .command("lsp")
    .summary("the language server, for any editor")
    .description("Runs the language server on standard input and output.")
    .requiredOption("--stdio", "the only transport")
    .action(async () => {
      const { serveLsp } = await import("../node/serve-lsp.ts");
      serveLsp();
      // Until the client says exit.
      await new Promise<never>(() => {});
    });

  program
    .command("splat")
    .summary("match a kernel splat with a finding (later release)")
    .argument("[logfile]")
    .argument("[tree]")
    .action(() => {
      throw comesLater("splat", "");
    });
  return program;
}

type SimulateArguments = SimulateOptions & { readonly seedTrace?: string };

/** `simulate` with nothing to simulate, or with `--designs DIR` and no tree. */
function missingSubject(designs: string | undefined): Refusal {
  if (designs === undefined) {
    return new Refusal("simulate: the id or the .json file of a model, or the id of a finding, is missing", [
      `for example: ${commandName()} simulate sync-evict-baseline`,
      `${commandName()} simulate list shows the models of the catalogue`,
    ]);
  }
  return new Refusal(`simulate --designs ${shellWord(designs)}: the kernel tree is missing`, [
    `for example: ${commandName()} simulate --designs fs/ext4 ~/linux`,
  ]);
}

function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

export function positiveInteger(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number) || number < 1) {
    throw new InvalidArgumentError("It must be a whole number of 1 or more.");
  }
  return number;
}
