/** Entry of the command line: runs one command, turns its end into an exit status. */
import { CommanderError } from "commander";
import { Cancelled } from "../core/text/cancellation.ts";
import { oneLine } from "../core/text/one-line.ts";
import { createProgram } from "./command-line.ts";
import { INTERNAL, INTERRUPTED, REFUSED, Refusal } from "./exit-status.ts";
import { watchInterrupts } from "./interrupt.ts";
import { endQuietlyOnClosedPipe } from "./output.ts";

process.exitCode = await run(process.argv.slice(2));

async function run(args: readonly string[]): Promise<number> {
  endQuietlyOnClosedPipe();
  let status = 0;
  // The language server handles signals and its client's end itself.
  if (args[0] !== "lsp") watchInterrupts();
  try {
    await createProgram((result) => {
      status = result;
    }).parseAsync(args, { from: "user" });
    return status;
  } catch (error) {
    return explain(error);
  }
}

function explain(error: unknown): number {
  // commander has printed its own message: help (0), version (0), or wrong usage.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : REFUSED;
  if (error instanceof Cancelled) {
    console.error("evictscope: interrupted");
    return INTERRUPTED;
  }
  if (error instanceof Refusal) {
    // Names of files and words of the command line stand in it as they are: a line each, whatever they hold.
    console.error(
      [`evictscope: ${error.message}`, ...error.details.map((detail) => `  ${detail}`)].map(oneLine).join("\n"),
    );
    return REFUSED;
  }
  console.error(
    `evictscope: internal error, please report it: ${error instanceof Error ? error.stack : String(error)}`,
  );
  return INTERNAL;
}
