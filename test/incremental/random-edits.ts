/** Edits as people make them, drawn from a seed: calls come and go, functions are renamed, syntax breaks and heals. */

/** Numbers in [0, 1) that a seed decides (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface Edit {
  readonly path: string;
  readonly text: string;
  /** What was done, for the message of a failed run. */
  readonly what: string;
}

const CALLS = [
  "mark_inode_dirty(inode);",
  "clear_inode(inode);",
  "truncate_inode_pages_final(&inode->i_data);",
  "remove_inode_hash(inode);",
  "iput(inode);",
  "sb_bread(inode->i_sb, 1);",
  "wait_on_bit(&inode->i_state, __I_NEW, 2);",
  "if (current->flags & PF_MEMALLOC)\n\t\treturn;",
];

type Change = (text: string, random: () => number) => string;

function pick<T>(list: readonly T[], random: () => number): T | undefined {
  return list[Math.floor(random() * list.length)];
}

/** Offsets behind the `{` of function bodies, and behind statements of the first level. */
function statementEnds(text: string): number[] {
  return [...text.matchAll(/^\t[^\n{}#*/]*;\n/gm)].map((match) => match.index + match[0].length);
}

const insertCall: Change = (text, random) => {
  const at = pick(statementEnds(text), random);
  return at === undefined ? text : `${text.slice(0, at)}\t${pick(CALLS, random)}\n${text.slice(at)}`;
};

const deleteLine: Change = (text, random) => {
  const match = pick([...text.matchAll(/^\t+[a-z_]+\([^\n]*\);\n/gm)], random);
  return match === undefined ? text : text.slice(0, match.index) + text.slice(match.index + match[0].length);
};

const rename: Change = (text, random) => {
  const match = pick([...text.matchAll(/^(?:static )?(?:void|int|bool|struct \w+ \*)\s*(\w+)\(/gm)], random);
  const name = match?.[1];
  if (name === undefined) return text;
  // The definition alone, or every place in the file.
  return random() < 0.5
    ? text.replace(match![0], match![0].replace(name, `${name}_x`))
    : text.replaceAll(new RegExp(`\\b${name}\\b`, "g"), `${name}_y`);
};

const breakSyntax: Change = (text, random) => {
  const at = Math.floor(random() * text.length);
  return (
    text.slice(0, at) + pick(["{", "}", "(", ";", '"', "/*", "\n#if 0\n", "\n#else\n", " x"], random) + text.slice(at)
  );
};

const deleteText: Change = (text, random) => {
  const at = Math.floor(random() * text.length);
  return text.slice(0, at) + text.slice(at + 1 + Math.floor(random() * 30));
};

const addFunction: Change = (text, random) => {
  const name = pick(["extra_helper", "drop_it", "mark_inode_dirty_sync", "generic_drop_inode"], random);
  const head = random() < 0.5 ? "static " : "";
  const at = text.search(/\n\n(static|void|int|struct)/);
  const body = `\n\n${head}void ${name}(struct inode *inode)\n{\n\t${pick(CALLS, random)}\n}`;
  return at < 0 || random() < 0.3 ? `${text}${body}\n` : text.slice(0, at) + body + text.slice(at);
};

const callExtra: Change = (text, random) => {
  const at = pick(statementEnds(text), random);
  return at === undefined ? text : `${text.slice(0, at)}\textra_helper(inode);\n${text.slice(at)}`;
};

/** Calls that the text makes of these are added, and in another step taken out again. */
const toggleDirtying: Change = (text, random) => {
  const call = "\tmark_inode_dirty(inode);\n";
  const there = pick([...text.matchAll(/^\tmark_inode_dirty\(inode\);\n/gm)], random);
  if (there !== undefined && random() < 0.6)
    return text.slice(0, there.index) + text.slice(there.index + there[0].length);
  const at = pick(statementEnds(text), random);
  return at === undefined ? text : text.slice(0, at) + call + text.slice(at);
};

const removeFunction: Change = (text, random) => {
  const match = pick([...text.matchAll(/^[a-z][^\n;={]*\([^;{]*\)\n\{\n[\s\S]*?\n\}\n/gm)], random);
  return match === undefined ? text : text.slice(0, match.index) + text.slice(match.index + match[0].length);
};

/** A variable or parameter of one function gets another name there. */
const renameLocal: Change = (text, random) => {
  const fn = pick([...text.matchAll(/^[a-z][^\n;={]*\([^;{]*\)\n\{\n[\s\S]*?\n\}\n/gm)], random);
  const name =
    fn === undefined ? undefined : pick([...fn[0].matchAll(/[\s*](\w+)(?: = [^;\n]+;|;|,|\))/g)], random)?.[1];
  if (fn === undefined || name === undefined || /^\d/.test(name)) return text;
  const renamed = fn[0].replaceAll(new RegExp(`\\b${name}\\b`, "g"), `${name}_l`);
  return text.slice(0, fn.index) + renamed + text.slice(fn.index + fn[0].length);
};

/** Where a blank stands already, so that no word changes; now and then inside a text in quotes. */
function blanks(text: string): number[] {
  return [...text.matchAll(/[ \t\n;{}(),]/g)].map((match) => match.index + 1);
}

const whitespace: Change = (text, random) => {
  const at = pick(blanks(text), random);
  return at === undefined ? text : text.slice(0, at) + pick([" ", "\t", "\n", "\n\n\t"], random) + text.slice(at);
};

const remarkAnywhere: Change = (text, random) => {
  const at = pick(blanks(text), random);
  const remark = pick(
    [
      "/* PF_MEMALLOC, mark_inode_dirty(inode); */",
      "/* two\n * lines */",
      "// clear_inode(inode)\n",
      "/* evictscope: allow(dirty-under-memalloc): tried */",
    ],
    random,
  );
  return at === undefined ? text : text.slice(0, at) + remark + text.slice(at);
};

const comment: Change = (text, random) => {
  const at = pick([...text.matchAll(/\n/g)], random)?.index;
  return at === undefined ? text : `${text.slice(0, at)}\n/* a remark */${text.slice(at)}`;
};

const addMacro: Change = (text, random) => {
  const macro = pick(
    [
      "#define GFP_EXTRA (__GFP_NOFAIL | 0x10)",
      "#define clear_inode(i) do { } while (0)",
      "#define EXTRA_FLAG 4",
      "#define mark_extra(i) mark_inode_dirty(i)",
      "#define PF_EXTRA PF_MEMALLOC",
    ],
    random,
  );
  const at = text.search(/\n\n/);
  return at < 0 ? text : `${text.slice(0, at)}\n${macro}${text.slice(at)}`;
};

const editMacro: Change = (text, random) => {
  const match = pick([...text.matchAll(/^#define \w+(\([^)]*\))?[ \t]+[^\n\\]+$/gm)], random);
  if (match === undefined) return text;
  return random() < 0.5
    ? text.slice(0, match.index) + text.slice(match.index + match[0].length)
    : `${text.slice(0, match.index + match[0].length)} | 1${text.slice(match.index + match[0].length)}`;
};

/** `BUFFER_FNS(Dirty, dirty)`: a call that makes functions goes, or comes another time with other arguments. */
const editMaker: Change = (text, random) => {
  const match = pick([...text.matchAll(/^[A-Z_][A-Z_0-9]*\(\w[^\n;]*\)\n/gm)], random);
  if (match === undefined) return text;
  const entry = random() < 0.5 ? "" : match[0] + match[0].replaceAll(/\b\w+(?=[,)])/g, "$&_too");
  return text.slice(0, match.index) + entry + text.slice(match.index + match[0].length);
};

/** One of the lines of a macro that goes on: another function is made wherever it is called. */
const editLongMacro: Change = (text, random) => {
  const match = pick([...text.matchAll(/^[ \t]+\w[^\n]*;[ \t]*\\\n/gm)], random);
  return match === undefined ? text : text.slice(0, match.index) + text.slice(match.index + match[0].length);
};

const editTable: Change = (text, random) => {
  const match = pick([...text.matchAll(/^\t\.\w+\s*=\s*\w+,\n/gm)], random);
  if (match === undefined) return text;
  const entry = pick(
    ["", "\t.drop_inode = generic_delete_inode,\n", "\t.evict_inode = extra_helper,\n", match[0]],
    random,
  );
  const from = random() < 0.5 ? match.index : match.index + match[0].length;
  return text.slice(0, from) + entry + text.slice(match.index + match[0].length);
};

const editStruct: Change = (text, random) => {
  const match = pick([...text.matchAll(/^struct \w+ \{\n/gm)], random);
  if (match === undefined) return text;
  const at = match.index + match[0].length;
  return `${text.slice(0, at)}\tstruct super_operations *extra_${Math.floor(random() * 9)};\n${text.slice(at)}`;
};

const swapFunctions: Change = (text) => {
  const found = [...text.matchAll(/^static [^\n;={]*\([^;{]*\)\n\{\n[\s\S]*?\n\}\n/gm)];
  if (found.length < 2) return text;
  const [a, b] = [found[0]!, found[1]!];
  return (
    text.slice(0, a.index) +
    b[0] +
    text.slice(a.index + a[0].length, b.index) +
    a[0] +
    text.slice(b.index + b[0].length)
  );
};

const CHANGES: Readonly<Record<string, Change>> = {
  insertCall,
  deleteLine,
  rename,
  breakSyntax,
  deleteText,
  addFunction,
  callExtra,
  toggleDirtying,
  removeFunction,
  renameLocal,
  whitespace,
  remarkAnywhere,
  comment,
  addMacro,
  editMacro,
  editMaker,
  editLongMacro,
  editTable,
  editStruct,
  swapFunctions,
};

/** One edit of one of the files. Now and then a file is set back to what it was. */
export function randomEdit(
  files: ReadonlyMap<string, string>,
  original: ReadonlyMap<string, string>,
  paths: readonly string[],
  random: () => number,
): Edit {
  const path = pick(paths, random)!;
  const text = files.get(path) ?? "";
  if (random() < 0.2) return { path, text: original.get(path)!, what: `${path}: set back` };
  const [name, change] = pick(Object.entries(CHANGES), random)!;
  return { path, text: change(text, random), what: `${path}: ${name}` };
}
