/** What the views are given: made of the sample tree's review, by the real server. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkViewHostMessage } from "../../server/src/protocol/view-messages.ts";
import {
  CALL_CHAIN_REQUEST,
  type CallChainView,
  EVICTION_TREE_REQUEST,
  type EvictionTreeResult,
  SURVEY_REQUEST,
  type SurveyCell,
  type SurveyView,
  type ViewFilter,
} from "../../server/src/protocol/views.ts";
import { fixtureFolder } from "../support/fixture.ts";
import { repositoryRoot } from "../support/requirements.ts";
import { LanguageClient, uriOf } from "./support/language-client.ts";

let home = "";
let tree = "";
let client: LanguageClient;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "evictscope-views-"));
  tree = join(home, "sample");
  cpSync(fixtureFolder("sample"), tree, { recursive: true });
  client = await LanguageClient.start(join(repositoryRoot, "dist", "server", "main.js"), { folders: [tree] });
});
afterAll(async () => {
  await client.stop();
  rmSync(home, { recursive: true, force: true });
});

const ask = <T>(request: string, params: unknown): Promise<T> => client.connection.sendRequest(request, params);
const treeView = (filter: Partial<ViewFilter> = {}): Promise<EvictionTreeResult> =>
  ask(EVICTION_TREE_REQUEST, { filter });

test("before a C file is open there is nothing, and no error", async () => {
  expect(await treeView()).toEqual({ roots: [], rules: [], contexts: [], folders: [] });
  expect(await ask(SURVEY_REQUEST, {})).toBeNull();
});

test("the tree lists every filesystem, the worst first, the clean ones too, and agrees with the diagnostics", async () => {
  await client.open(join(tree, "fs/puntfs/inode.c"), readFileSync(join(tree, "fs/puntfs/inode.c"), "utf8"));
  await client.until("review", () => client.status?.roots.find((root) => root.phase === "ready"));
  const { roots } = await treeView();
  const [root] = roots;
  expect(root).toMatchObject({ root: uriOf(tree), name: "sample", phase: "ready" });
  const ids = root?.filesystems.map(({ id }) => id) ?? [];
  expect(ids).toEqual(expect.arrayContaining(["fs/plainfs", "fs/dirtfs", "ipc/postbox.c"]));
  const severity = (id: string) => root?.filesystems.find((each) => each.id === id)?.counts;
  expect(severity("fs/plainfs")).toEqual({ error: 0, warning: 0, information: 0 });
  expect(ids.indexOf("fs/puntfs")).toBeLessThan(ids.indexOf("fs/stackfs"));
  expect(ids.indexOf("fs/stackfs")).toBeLessThan(ids.indexOf("fs/plainfs"));
  // Each finding stands once, and none is missing.
  const shown = root?.filesystems.flatMap(({ operations }) => operations.flatMap(({ findings }) => findings)) ?? [];
  expect(new Set(shown.map(({ id }) => id)).size).toBe(shown.length);
  expect(shown.length).toBe(client.status?.roots[0]?.findings);
  expect(root?.findings).toBe(shown.length);
});

test("filters by rule, context and folder, and says what there is to filter by", async () => {
  const all = await treeView();
  const some = await treeView({ rules: ["work-after-unhash"] });
  const names = (result: EvictionTreeResult) => result.roots[0]?.filesystems.map(({ id }) => id) ?? [];
  expect(names(some).length).toBeGreaterThan(0);
  expect(names(some)).not.toContain("fs/plainfs");
  expect(some.rules).toEqual(all.rules);
  expect(some.roots[0]?.findings).toBe(all.roots[0]?.findings);
  const count = all.rules.find(({ name }) => name === "work-after-unhash")?.findings ?? 0;
  const { error, warning, information } = some.roots[0]?.counts ?? { error: 0, warning: 0, information: 0 };
  expect(error + warning + information).toBe(count);
  expect(names(await treeView({ folder: "fs/jnlfs/" }))).toEqual(["fs/jnlfs"]);
  expect(names(await treeView({ folder: "fs/jnl" }))).toEqual([]);
  const inRcu = await treeView({ contexts: ["umount"] });
  const contexts = inRcu.roots[0]?.filesystems.flatMap(({ operations }) =>
    operations.flatMap(({ findings }) => findings.map((finding) => finding.contexts.includes("umount"))),
  );
  expect(contexts?.length).toBeGreaterThan(0);
  expect(contexts).not.toContain(false);
});

test("the survey has a cell for each property, with its evidence in the source", async () => {
  const view = await ask<SurveyView>(SURVEY_REQUEST, { root: uriOf(tree) });
  expect(checkViewHostMessage({ t: "survey", view, roots: [] })).toMatchObject({ ok: true });
  for (const row of view.rows) expect(row.cells).toHaveLength(view.columns.length);
  const cell = (filesystem: string, column: string): SurveyCell | undefined =>
    view.rows.find((row) => row.filesystem === filesystem)?.cells.at(view.columns.findIndex(({ id }) => id === column));
  expect(cell("fs/dirtfs", "dirties")).toMatchObject({ state: "reclaim", text: "in reclaim" });
  expect(cell("fs/guardfs", "dirties")).toMatchObject({ state: "outside", text: "not in reclaim", findings: [] });
  expect(cell("fs/plainfs", "dirties")).toEqual({ state: "none", text: "no", findings: [] });
  expect(cell("fs/ownfs", "cache")?.text).toBe("own index");
  expect(cell("fs/puntfs", "unhashes-early")?.findings.map(({ rule }) => rule)).toContain("work-after-unhash");
  const evidence = cell("fs/dirtfs", "dirties")?.evidence;
  const line = readFileSync(join(tree, evidence?.file ?? ""), "utf8").split("\n")[(evidence?.line ?? 0) - 1];
  expect(line).toContain("mark_inode_dirty(");
});

test("the chain leads from kswapd through the tables to the effect, each edge with its guards", async () => {
  const { roots } = await treeView({ rules: ["dirty-under-memalloc"], folder: "fs/dirtfs" });
  const findings = roots[0]?.filesystems[0]?.operations[0]?.findings ?? [];
  const view = await ask<CallChainView>(CALL_CHAIN_REQUEST, { root: uriOf(tree), finding: findings.at(-1)?.id });
  expect(checkViewHostMessage({ t: "chain", view })).toMatchObject({ ok: true });
  const title = (id: string) => view.nodes.find((node) => node.id === id)?.title;
  expect(view.nodes.filter(({ role }) => role === "root").map((node) => node.title)).toContain("kswapd()");
  const way = view.edges.find(({ via }) => via === "op->evict_inode");
  expect([title(way?.from ?? ""), title(way?.to ?? "")]).toEqual(["evict()", "dirtfs_evict_inode()"]);
  expect(view.edges.flatMap(({ guards }) => guards)).toContain("want_delete");
  expect(view.nodes.find(({ id }) => id === "effect")?.role).toBe("effect");
  // Every node but the roots is called by one that is there.
  for (const { id, role } of view.nodes) {
    if (role !== "root")
      expect(
        view.edges.some(({ to }) => to === id),
        id,
      ).toBe(true);
  }
});

test("a finding that is gone has no chain", async () => {
  expect(await ask(CALL_CHAIN_REQUEST, { root: uriOf(tree), finding: "0000000000000000" })).toBeNull();
  expect(await ask(CALL_CHAIN_REQUEST, { root: "file:///elsewhere", finding: "x" })).toBeNull();
});
