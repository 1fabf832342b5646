/**
 * The survey of a tree: every super_operations table with its eviction methods and their definitions, and every unhash
 * site. Nothing is parsed and most of a kernel is not even scanned: files are searched for two words, and only those
 * that have one get a skeleton.
 */
import { filesystemId, TABLE_STRUCT } from "../core/callgraph/filesystem.ts";
import { Lookup } from "../core/callgraph/lookup.ts";
import { type FunctionRef, Program, type TableRef } from "../core/callgraph/program.ts";
import {
  EVICTION_OPERATIONS,
  type EvictionOperation,
  type Implementation,
  type TreeProblem,
  type UnhashSite,
} from "../core/report/finding.ts";
import { TOOL_NAME, TOOL_VERSION } from "../core/report/tool-version.ts";
import { type CancellationToken, throwIfCancelled } from "../core/text/cancellation.ts";
import type { FileSource } from "./file-source.ts";
import { kernelVersion } from "./load-tree.ts";
import { SURVEY_PROPERTIES, type Survey, type SurveyedFilesystem, type SurveyedMethod } from "./survey-report.ts";
import type { SearchFiles } from "./survey-search.ts";
import { DEFAULT_EXCLUDE, DEFAULT_MAX_FILES, folderOf, INCOMPLETE, MAX_FILE_BYTES } from "./tree-scope.ts";
import { blankComments, findUnhashSites, UNHASH_WORD } from "./unhash-sites.ts";

export interface SurveyRequest {
  readonly files: FileSource;
  readonly search: SearchFiles;
  /** Told of each .c file as it is listed: the first search will be for SURVEY_WORDS in all of them. */
  readonly announce?: (path: string) => void;
  readonly exclude?: readonly string[];
  readonly maxFiles?: number;
}

/** What a .c file must name to be looked at closely. */
export const SURVEY_WORDS: readonly string[] = [TABLE_STRUCT, UNHASH_WORD];

/** Headers that may hold an inline function that unhashes. */
const UNHASH_HEADERS = /^(include\/linux|fs|mm)\//;
const OPERATIONS: readonly EvictionOperation[] = [...EVICTION_OPERATIONS, "evict_inode_async"];

/** Times and memory are left 0: the caller knows the whole run. Throws Cancelled. */
export async function surveyTree(request: SurveyRequest, token: CancellationToken): Promise<Survey> {
  const { files, search } = request;
  const options = { exclude: request.exclude ?? DEFAULT_EXCLUDE, maxFiles: request.maxFiles ?? DEFAULT_MAX_FILES };
  const { announce } = request;
  const listing = await files.list(
    announce === undefined ? options : { ...options, onFile: (path) => path.endsWith(".c") && announce(path) },
    token,
  );
  const problems: TreeProblem[] = [...listing.problems];
  if (listing.truncated)
    problems.push({ file: ".", message: `more than ${options.maxFiles} files: the rest is not read` });
  const sources: string[] = [];
  const headers: string[] = [];
  for (const { path } of listing.files) {
    if (path.endsWith(".c")) sources.push(path);
    else if (UNHASH_HEADERS.test(path) || !path.includes("/")) headers.push(path);
  }
  const bytesOf = new Map<string, Uint8Array>();
  const read = (path: string): Uint8Array | null => bytesOf.get(path) ?? null;
  const program = new Program(read);
  const add = async (path: string): Promise<void> => {
    if (program.files.has(path)) return;
    const bytes = await files.read(path);
    if (bytes === null) return;
    bytesOf.set(path, bytes);
    if (!program.setFile(path, bytes).skeleton.complete) {
      problems.push({ file: path, message: INCOMPLETE });
    }
  };
  const found = await search(sources, SURVEY_WORDS, token);
  problems.push(...found.problems);
  for (const path of found.hits) await add(path);
  for (const path of (await search(headers, [UNHASH_WORD], token)).hits) await add(path);
  throwIfCancelled(token);

  const lookup = new Lookup(program);
  const tables = program.tablesOf(TABLE_STRUCT).filter((table) => table.bindings.length > 0);
  tables.sort((a, b) => compare(a.file.path, b.file.path) || a.span.start - b.span.start);
  await findDefinitions(program, lookup, tables, sources, search, token, add);
  const filesystems = tables.map((table) => describe(table, lookup, read));
  const unhashSites = unhashSitesOf(program, read);
  const implementations = filesystems.flatMap(implementationsOf);
  return {
    version: 1,
    tool: { name: TOOL_NAME, version: TOOL_VERSION },
    tree: { root: files.root, kernelVersion: await kernelVersion(files) },
    limits: { maxFiles: options.maxFiles, maxFileBytes: MAX_FILE_BYTES },
    stats: {
      files: found.files,
      bytes: found.bytes,
      filesScanned: program.files.size,
      elapsedMs: 0,
      peakRssBytes: 0,
    },
    counts: countsOf(filesystems, unhashSites),
    filesystems,
    implementations,
    unhashSites,
    problems,
  };
}

/** Methods whose definition stands in none of the files so far: the table's folder first, then what holds generic code, then all. */
async function findDefinitions(
  program: Program,
  lookup: Lookup,
  tables: readonly TableRef[],
  sources: readonly string[],
  search: SearchFiles,
  token: CancellationToken,
  add: (path: string) => Promise<void>,
): Promise<void> {
  const missing = (): { name: string; folder: string }[] =>
    tables.flatMap((table) =>
      methodBindings(table)
        .filter(({ target }) => lookup.functionValue(target, table.file) === null)
        .map(({ target }) => ({ name: target, folder: folderOf(table.file.path) })),
    );
  const lookIn = async (paths: readonly string[], names: readonly string[]): Promise<void> => {
    const rest = paths.filter((path) => !program.files.has(path));
    for (const path of (await search(rest, names, token)).hits) await add(path);
    lookup.clear();
  };
  const near = missing();
  const folders = new Set(near.map(({ folder }) => folder));
  const inFolders = sources.filter((path) => isBelowOneOf(folderOf(path), folders));
  if (near.length > 0) await lookIn(inFolders, names(near));
  const generic = missing();
  if (generic.length > 0)
    await lookIn(
      sources.filter((path) => /^(fs|mm|kernel|lib)\/[^/]+$/.test(path)),
      names(generic),
    );
  const anywhere = missing();
  if (anywhere.length > 0) await lookIn(sources, names(anywhere));
}

function names(list: readonly { readonly name: string }[]): string[] {
  return [...new Set(list.map(({ name }) => name))];
}

/** True for a folder of the set or one below it; the root itself stands only for its own files. */
function isBelowOneOf(folder: string, folders: ReadonlySet<string>): boolean {
  for (let at = folder; at !== ""; at = folderOf(at)) if (folders.has(at)) return true;
  return folder === "" && folders.has("");
}

function methodBindings(table: TableRef) {
  return table.bindings.filter(
    ({ field, target }) => OPERATIONS.includes(field as EvictionOperation) && !/^(NULL|0)$/.test(target),
  );
}

function describe(table: TableRef, lookup: Lookup, read: (path: string) => Uint8Array | null): SurveyedFilesystem {
  // A field that is given twice: the last one counts, as in C.
  const methods = new Map<string, SurveyedMethod>();
  for (const binding of methodBindings(table)) {
    const fn = lookup.functionValue(binding.target, table.file);
    methods.set(binding.field, {
      operation: binding.field as EvictionOperation,
      function: binding.target,
      file: fn?.file.path ?? table.file.path,
      line: fn?.span.line ?? binding.span.line,
      defined: fn !== null,
      properties: fn === null ? [] : propertiesOf(fn, read),
    });
  }
  return {
    filesystem: filesystemId(table.file),
    table: { name: table.name, file: table.file.path, line: table.span.line },
    methods: [...methods.values()],
  };
}

const DECODER = new TextDecoder("utf-8");

function propertiesOf({ file, span }: FunctionRef, read: (path: string) => Uint8Array | null): string[] {
  const bytes = read(file.path);
  if (bytes === null) return [];
  const text = blankComments(DECODER.decode(bytes.subarray(span.body, span.end)));
  return SURVEY_PROPERTIES.filter(({ pattern }) => pattern.test(text)).map(({ id }) => id);
}

function implementationsOf({ filesystem, table, methods }: SurveyedFilesystem): Implementation[] {
  return methods.map(({ operation, function: name, file, line, defined }) => ({
    operation,
    function: name,
    file,
    line,
    table,
    filesystem,
    defined,
  }));
}

function unhashSitesOf(program: Program, read: (path: string) => Uint8Array | null): UnhashSite[] {
  const sites: UnhashSite[] = [];
  for (const file of program.files.values()) {
    const bytes = read(file.path);
    if (bytes !== null) sites.push(...findUnhashSites(file, bytes));
  }
  return sites.sort((a, b) => compare(a.file, b.file) || a.line - b.line);
}

function countsOf(filesystems: readonly SurveyedFilesystem[], unhashSites: readonly UnhashSite[]): Survey["counts"] {
  const operations = OPERATIONS.map((operation) => {
    const uses = filesystems.flatMap(({ table, methods }) =>
      methods.filter((method) => method.operation === operation).map((method) => ({ table, method })),
    );
    const elsewhere = uses.filter(({ table, method }) => method.defined && method.file !== table.file);
    return {
      operation,
      tables: uses.length,
      functions: new Set(uses.map(({ method }) => method.function)).size,
      definedElsewhere: elsewhere.length,
    };
  });
  return {
    tables: filesystems.length,
    operations: operations.filter(({ tables, operation }) => tables > 0 || operation !== "evict_inode_async"),
    unhashSites: unhashSites.length,
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
