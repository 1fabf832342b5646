/** The survey's built page in a real Chromium, with the sample tree's survey. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { SurveyView } from "../../server/src/protocol/views.ts";
import { describeWith, repositoryRoot } from "../support/requirements.ts";
import { axeViolations } from "./support/axe.ts";
import { launchBrowser } from "./support/panel-page.ts";
import { sampleReview, surveyView } from "./support/sample-views.ts";
import type { ThemeName } from "./support/themes.ts";
import { openView, type ViewOptions, type ViewPage } from "./support/view-page.ts";

const pictures = join(repositoryRoot, "out", "screenshots");

describeWith("chromium", "the survey", () => {
  let browser: Browser;
  let opened: ViewPage;
  let view: SurveyView;

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    view = surveyView(await sampleReview());
    browser = await launchBrowser();
  });
  afterEach(async () => {
    expect(opened.problems).toEqual([]);
    await opened.close();
  });
  afterAll(() => browser.close());

  async function open(options: Partial<ViewOptions> = {}): Promise<Page> {
    const first = { t: "survey", view, roots: [{ root: view.root, name: view.name }] } as const;
    opened = await openView(browser, { view: "survey", first, ...options });
    if (options.first === undefined) await opened.page.locator(".matrix tbody tr").first().waitFor();
    return opened.page;
  }
  const names = (page: Page) =>
    page.locator(".matrix tbody .name").evaluateAll((cells) => cells.map((cell) => cell.textContent ?? ""));

  test("the worst come first; a click on a head sorts, another one turns it round", async () => {
    const page = await open();
    expect((await names(page)).at(-1)).not.toBe((await names(page))[0]);
    expect((await names(page)).indexOf("fs/plainfs")).toBeGreaterThan((await names(page)).indexOf("fs/puntfs"));
    await page.getByRole("columnheader", { name: "Filesystem" }).getByRole("button").click();
    expect(await names(page)).toEqual((await names(page)).toSorted());
    expect(await page.getByRole("columnheader", { name: "Filesystem" }).getAttribute("aria-sort")).toBe("ascending");
    await page.getByRole("columnheader", { name: "Filesystem" }).getByRole("button").click();
    expect(await names(page)).toEqual((await names(page)).toSorted().toReversed());
    await page.getByRole("columnheader", { name: "Dirties" }).getByRole("button").click();
    expect((await names(page)).slice(0, 5)).toContain("fs/dirtfs");
  });

  test("the filter takes every word of a row; only what has findings can be asked for", async () => {
    const page = await open();
    await page.getByRole("searchbox", { name: "Filter the rows" }).fill("OWN index");
    expect(await names(page)).toEqual(["fs/ownfs"]);
    await page.getByRole("searchbox").fill("");
    await page.getByRole("checkbox", { name: "Only with findings" }).check();
    expect(await names(page)).not.toContain("fs/plainfs");
    expect(await page.locator("#row-count").textContent()).toMatch(/^\d+ of 14 tables$/);
  });

  test("the keyboard alone: one stop for the grid, arrows, Enter for the evidence, its place, Escape back", async () => {
    const page = await open();
    const key = (name: string) => page.keyboard.press(name);
    await page.getByRole("searchbox").fill("dirtfs");
    for (let i = 0; i < 8 && !(await page.evaluate(() => document.activeElement?.closest(".matrix") !== null)); i++) {
      await key("Tab");
    }
    await key("ArrowDown");
    const column = view.columns.findIndex(({ id }) => id === "dirties") + 1;
    for (let i = 0; i < column; i++) await key("ArrowRight");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain("in reclaim");
    await key("Enter");
    const pane = page.getByRole("complementary", { name: "Evidence" });
    expect(await pane.textContent()).toContain("mark_inode_dirty()");
    await pane
      .getByRole("button", { name: /^fs\/dirtfs\/inode\.c:\d+$/ })
      .first()
      .focus();
    await key("Enter");
    await expect.poll(() => opened.posted.at(-1)).toMatchObject({ t: "reveal", file: "fs/dirtfs/inode.c" });
    await pane.getByRole("button", { name: "Show call chain" }).first().press("Enter");
    await expect.poll(() => opened.posted.at(-1)).toMatchObject({ t: "showChain" });
    await pane.getByRole("button", { name: "Simulate" }).first().press("Enter");
    await expect.poll(() => opened.posted.at(-1)).toMatchObject({ t: "simulate" });
    await key("Escape");
    expect(await pane.count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain("in reclaim");
    await key("Control+Home");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain("Filesystem");
  });

  test("exports hold what is shown, in its order", async () => {
    const page = await open();
    await page.getByRole("searchbox").fill("fs/stackfs");
    await page.getByRole("button", { name: "Save as CSV…" }).click();
    const { name, text } = await opened.waitForPosted("save");
    expect(name).toMatch(/^eviction-survey-sample-6\.12[\w.-]*\.csv$/);
    expect(text.split("\r\n")).toHaveLength(3);
    expect(text).toContain("fs/stackfs,stackfs_sops,fs/stackfs/");
    await page.getByRole("button", { name: "Copy as Markdown" }).click();
    expect((await opened.waitForPosted("copy")).text).toMatch(/\n\| fs\/stackfs +\| -/);
  });

  test("order and filter outlive a reload", async () => {
    const page = await open();
    await page.getByRole("searchbox").fill("fs/");
    await page.getByRole("columnheader", { name: "Blocks" }).getByRole("button").click();
    const before = await names(page);
    await page.reload();
    await page.locator(".matrix tbody tr").first().waitFor();
    expect(await names(page)).toEqual(before);
    expect(await page.getByRole("searchbox").inputValue()).toBe("fs/");
  });

  test("an update keeps the place; without a tree the page says why it is empty", async () => {
    const page = await open();
    await page.locator(".state-reclaim").first().click();
    const title = await page.locator("#evidence-title").textContent();
    await opened.post({ t: "survey", view: { ...view, revision: 2 }, roots: [] });
    expect(await page.locator("#evidence-title").textContent()).toBe(title);
    await opened.post({ t: "empty", message: "Nothing is indexed: open a C file of a kernel tree." });
    await page.getByText("Nothing is indexed: open a C file of a kernel tree.").waitFor();
    await opened.post({ t: "survey", view: { ...view, rows: "many" }, roots: [] });
    expect(await page.locator(".matrix").count()).toBe(0);
  });

  test("names that look like markup are text", async () => {
    const [row] = view.rows;
    const page = await open({
      first: {
        t: "survey",
        roots: [],
        view: { ...view, rows: [{ ...row!, filesystem: 'fs/<img src=x onerror="throw 1">', table: "<b>sops</b>" }] },
      },
    });
    await page.getByText("<b>sops</b>").waitFor();
    expect(await page.locator(".matrix img, .matrix b").count()).toBe(0);
  });

  test.each<ThemeName>(["light", "dark", "high-contrast", "high-contrast-light"])(
    "%s: no accessibility violations, with and without evidence",
    async (theme) => {
      const page = await open({ theme });
      expect(await axeViolations(page)).toEqual([]);
      await page.locator(".severity-error").first().click();
      await page.locator(".finding").first().waitFor();
      expect(await axeViolations(page)).toEqual([]);
      await page.screenshot({ path: join(pictures, `survey-${theme}.png`) });
    },
  );

  test("in a narrow panel nothing is cut off", async () => {
    const page = await open({ width: 460, height: 700 });
    await page.locator(".severity-error").first().click();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    expect(wide).toBe(false);
    await page.screenshot({ path: join(pictures, "survey-narrow.png") });
  });
});
