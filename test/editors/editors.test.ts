/**
 * The settings that docs/editors.md gives, in the editors themselves: each block of code is read from that page and run
 * as it stands there, but for the path of the program.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildOnce } from "../cli/run-evictscope.ts";
import { fixtureFolder } from "../support/fixture.ts";
import { describeWith, pathOf, repositoryRoot } from "../support/requirements.ts";
import { removeTemporary } from "../support/temporary-folder.ts";

const PATIENCE = 120_000;
const FILE = "fs/earlyfs/inode.c";

interface Seen {
  readonly rules: readonly string[];
  readonly hover: string;
  readonly actions: readonly string[];
}

let home = "";

buildOnce();
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "evictscope-editors-"));
  cpSync(fixtureFolder("sample"), join(home, "linux"), { recursive: true });
});
afterAll(() => removeTemporary(home));

/** The block of code of the page that has `word` in it. */
function snippet(language: string, word: string): string {
  const page = readFileSync(join(repositoryRoot, "docs", "editors.md"), "utf8");
  const blocks = [...page.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(
    (match) => match[1]!,
  );
  const [block, ...others] = blocks.filter((text) => text.includes(word));
  expect(others).toEqual([]);
  expect(block).toContain("/path/to/evictscope/");
  return block!.replaceAll("/path/to/evictscope", repositoryRoot);
}

/** Runs an editor without a terminal. What it has seen stands in the last line of its output, as JSON. */
function run(program: string, args: readonly string[]): Seen {
  const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home, XDG_DATA_HOME: home };
  const result = spawnSync(program, args, { cwd: home, env, encoding: "utf8", timeout: PATIENCE });
  const line = result.stdout.split("\n").findLast((each) => each.startsWith("{"));
  if (line === undefined) throw new Error(`${program} ended with ${result.status}:\n${result.stdout}${result.stderr}`);
  return JSON.parse(line) as Seen;
}

function expectTheFindings({ rules, hover, actions }: Seen): void {
  expect([...rules].sort()).toEqual(["dirty-under-memalloc", "work-after-unhash"]);
  expect(hover).toContain("earlyfs_evict_inode()");
  expect(actions).toContain("Move the unhash behind the clean-up");
  expect(actions.filter((title) => title.startsWith("Open in race simulator"))).not.toEqual([]);
}

describeWith("nvim", "Neovim", () => {
  test(
    "shows the findings, explains one and offers its fixes",
    () => {
      const init = join(home, "init.lua");
      const drive = join(home, "drive.lua");
      writeFileSync(init, snippet("lua", "vim.lsp.start_client"));
      writeFileSync(
        drive,
        `vim.wait(60000, function() return #vim.diagnostic.get(0) > 0 end, 50)
         local seen = { rules = {}, hover = "", actions = {} }
         local list = vim.diagnostic.get(0)
         for _, each in ipairs(list) do table.insert(seen.rules, each.code) end
         local document = vim.lsp.util.make_text_document_params(0)
         local at = { line = list[1].lnum, character = list[1].col }
         local function ask(method, params)
           for _, answer in pairs(vim.lsp.buf_request_sync(0, method, params, 30000) or {}) do return answer.result end
         end
         local hover = ask("textDocument/hover", { textDocument = document, position = at })
         seen.hover = hover and hover.contents.value or ""
         local range = { start = at, ["end"] = at }
         local context = { diagnostics = {} }
         for _, each in ipairs(list) do table.insert(context.diagnostics, each.user_data.lsp) end
         for _, each in ipairs(ask("textDocument/codeAction", { textDocument = document, range = range, context = context }) or {}) do
           table.insert(seen.actions, each.title)
         end
         io.stdout:write("\\n" .. vim.fn.json_encode(seen) .. "\\n")
         vim.cmd("qa!")`,
      );
      expectTheFindings(
        run(pathOf("nvim"), [
          "--headless",
          "-n",
          "-i",
          "NONE",
          "-u",
          init,
          join(home, "linux", FILE),
          "-c",
          `luafile ${drive}`,
        ]),
      );
    },
    PATIENCE,
  );
});

describeWith("emacs", "Emacs with eglot", () => {
  test(
    "shows the findings, explains one and offers its fixes",
    () => {
      const settings = join(home, "settings.el");
      const drive = join(home, "drive.el");
      writeFileSync(settings, snippet("elisp", "eglot-server-programs"));
      writeFileSync(
        drive,
        `(package-initialize)
         (require 'eglot)
         (load "${settings}")
         (setq eglot-sync-connect 30 eglot-connect-timeout 60)
         ;; The sample tree is no repository by which Emacs knows a project.
         (setq project-find-functions (list (lambda (_) '(transient . "${home}/linux/"))))
         (find-file "${home}/linux/${FILE}")
         (c-mode)
         (apply #'eglot--connect (eglot--guess-contact))
         (let ((end (+ (float-time) 60)))
           (while (and (< (float-time) end) (null (flymake-diagnostics)))
             (accept-process-output nil 0.05)
             (flymake-start)))
         (goto-char (flymake-diagnostic-beg (car (flymake-diagnostics))))
         (let* ((server (eglot--current-server-or-lose))
                (hover (jsonrpc-request server :textDocument/hover (eglot--TextDocumentPositionParams)))
                (at (eglot--pos-to-lsp-position (point)))
                (actions (jsonrpc-request server :textDocument/codeAction
                          (list :textDocument (eglot--TextDocumentIdentifier)
                                :range (list :start at :end at)
                                :context (list :diagnostics [])))))
           (princ (concat "\\n" (json-encode
             (list (cons 'rules (vconcat (mapcar (lambda (each)
                                    (and (string-match "\\\\[\\\\([a-z-]+\\\\)\\\\]" (flymake-diagnostic-text each))
                                         (match-string 1 (flymake-diagnostic-text each))))
                                  (flymake-diagnostics))))
                   (cons 'hover (plist-get (plist-get hover :contents) :value))
                   (cons 'actions (vconcat (mapcar (lambda (each) (plist-get each :title)) actions))))) "\\n")))
         (kill-emacs 0)`,
      );
      expectTheFindings(run(pathOf("emacs"), ["--batch", "-q", "-l", drive]));
    },
    PATIENCE,
  );
});
