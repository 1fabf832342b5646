/** The call chain's built page in a real Chromium. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Review } from "../../server/src/core/report/finding.ts";
import type { CallChainView } from "../../server/src/protocol/views.ts";
import { describeWith, repositoryRoot } from "../support/requirements.ts";
import { axeViolations } from "./support/axe.ts";
import { launchBrowser } from "./support/panel-page.ts";
import { chainView, sampleReview } from "./support/sample-views.ts";
import type { ThemeName } from "./support/themes.ts";
import { openView, type ViewOptions, type ViewPage } from "./support/view-page.ts";

const pictures = join(repositoryRoot, "out", "screenshots");

describeWith("chromium", "the call chain", () => {
  let browser: Browser;
  let opened: ViewPage;
  let review: Review;
  let view: CallChainView;

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    review = await sampleReview();
    view = chainView(review, "nofail-under-memalloc");
    browser = await launchBrowser();
  });
  afterEach(async () => {
    expect(opened.problems).toEqual([]);
    await opened.close();
  });
  afterAll(() => browser.close());

  async function open(options: Partial<ViewOptions> = {}): Promise<Page> {
    opened = await openView(browser, { view: "chain", first: { t: "chain", view }, ...options });
    await opened.page.locator(".box").first().waitFor();
    return opened.page;
  }

  test("every function is a box in the frame of its file, and no two boxes touch", async () => {
    const page = await open();
    expect(await page.locator(".box").count()).toBe(view.nodes.length);
    const boxes = await page.locator(".box-frame").evaluateAll((frames) =>
      frames.map((frame) => {
        const { left, top, right, bottom } = frame.getBoundingClientRect();
        return { left, top, right, bottom };
      }),
    );
    const touching = boxes.flatMap((a, i) =>
      boxes.slice(i + 1).filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom),
    );
    expect(touching).toEqual([]);
    const files = await page
      .locator(".file-name title")
      .evaluateAll((titles) => titles.map((title) => title.textContent));
    expect(new Set(files)).toEqual(new Set(view.nodes.map(({ file }) => file)));
    // Callers stand above what they call.
    const top = (id: string) =>
      page.locator(`[data-id="${id}"] .box-frame`).evaluate((frame) => frame.getBoundingClientRect().top);
    for (const { from, to } of view.edges) expect(await top(from)).toBeLessThan(await top(to));
  });

  test("no arrow crosses the name of a file, and none is cut", async () => {
    const page = await open();
    const crossed = await page.locator(".file-name").evaluateAll((names) =>
      names.flatMap((name) => {
        const { x, y, width, height } = (name as SVGTextElement).getBBox();
        const arrows = [...document.querySelectorAll<SVGPathElement>(".arrow")];
        const crossing = arrows.filter((arrow) =>
          Array.from({ length: 201 }, (_, i) => arrow.getPointAtLength((arrow.getTotalLength() * i) / 200)).some(
            (at) => at.x > x - 2 && at.x < x + width + 2 && at.y > y && at.y < y + height,
          ),
        );
        const file = name.querySelector("title")?.textContent ?? "";
        return crossing.length > 0 || !name.textContent?.endsWith(`${file}${file}`) ? [name.textContent] : [];
      }),
    );
    expect(crossed).toEqual([]);
  });

  test("words stay in their box, where five contexts meet, too", async () => {
    const meeting = chainView(review, "work-after-unhash", "fs/puntfs");
    expect(Math.max(...meeting.nodes.map(({ role, contexts }) => (role === "root" ? contexts.length : 0)))).toBe(5);
    const page = await open({ first: { t: "chain", view: meeting } });
    const outside = await page.locator(".box").evaluateAll((boxes) =>
      boxes.flatMap((box) => {
        const frame = box.querySelector("rect")!.getBBox();
        return [...box.querySelectorAll("text")]
          .filter((text) => text.getBBox().x < frame.x + 2 || text.getBBox().width > frame.width - 4)
          .map((text) => text.textContent);
      }),
    );
    expect(outside).toEqual([]);
    await page.locator(".box", { hasText: "iput()" }).getByText("5 contexts · line").scrollIntoViewIfNeeded();
    await page.screenshot({ path: join(pictures, "chain-contexts-meet.png") });
  });

  test("a click and Enter show the source; arrows go from box to box", async () => {
    const page = await open();
    const operation = view.nodes.find(({ role }) => role === "operation");
    await page.locator(".box-operation").click();
    await expect
      .poll(() => opened.posted.at(-1))
      .toEqual({ t: "reveal", file: operation?.file, line: operation?.line });
    await page.locator(".box-operation").focus();
    await page.keyboard.press("ArrowDown");
    const next = view.edges.find(({ from }) => from === operation?.id)?.to;
    expect(await page.evaluate(() => document.activeElement?.getAttribute("data-id"))).toBe(next);
    await page.keyboard.press("Enter");
    const node = view.nodes.find(({ id }) => id === next);
    await expect.poll(() => opened.posted.at(-1)).toEqual({ t: "reveal", file: node?.file, line: node?.line });
  });

  test("guards and pointers stand on the arrows, contexts in the legend and in each box's name", async () => {
    const page = await open();
    const labels = await page.locator(".label title").evaluateAll((titles) => titles.map((title) => title.textContent));
    expect(labels).toContain("through op->evict_inode");
    for (const guard of view.edges.flatMap(({ guards }) => guards)) expect(labels).toContain(`if ${guard}`);
    await page.getByRole("list", { name: "Contexts" }).getByText("kswapd").waitFor();
    await page
      .getByRole("button", { name: /^kswapd\(\) kswapd · line \d+, sets out, mm\/vmscan\.c, in kswapd/ })
      .waitFor();
  });

  test("the same in words, and as text to copy", async () => {
    const page = await open();
    await page.getByText(/^In words/).click();
    await page.locator(".way-in-words", { hasText: "The operation" }).getByRole("button").first().click();
    await expect.poll(() => opened.posted.at(-1)).toMatchObject({ t: "reveal" });
    await page.getByRole("button", { name: "Copy as text" }).click();
    const { text } = await opened.waitForPosted("copy");
    expect(text).toContain("kswapd:\n  kswapd()  mm/vmscan.c:");
    for (const { title } of view.nodes) expect(text).toContain(title);
    await page.getByRole("button", { name: "Simulate" }).click();
    await expect.poll(() => opened.posted.at(-1)).toEqual({ t: "simulate", finding: view.finding });
  });

  test("larger, smaller and fitting; a new revision keeps the scale", async () => {
    const page = await open();
    const width = () => page.locator(".picture").evaluate((picture) => picture.getBoundingClientRect().width);
    const first = await width();
    await page.getByRole("button", { name: "Larger" }).click();
    const larger = await width();
    expect(larger).toBeGreaterThan(first);
    await opened.post({ t: "chain", view });
    expect(await width()).toBe(larger);
    await page.getByRole("button", { name: "Fit the width" }).click();
    expect(await width()).toBe(first);
  });

  test("what the window must remember is stored; a finding that is gone is said", async () => {
    const page = await open();
    expect(await page.evaluate(() => JSON.parse(sessionStorage.getItem("state") ?? "{}"))).toEqual({
      root: view.root,
      finding: view.finding,
    });
    await opened.post({ t: "empty", message: "The finding is gone: the code has changed since." });
    await page.getByText("The finding is gone").waitFor();
  });

  test.each<ThemeName>(["light", "dark", "high-contrast", "high-contrast-light"])(
    "%s: no accessibility violations, in words, too",
    async (theme) => {
      const page = await open({ theme });
      await page.screenshot({ path: join(pictures, `chain-${theme}.png`) });
      await page.getByText(/^In words/).click();
      expect(await axeViolations(page)).toEqual([]);
    },
  );

  test("in a narrow panel nothing is cut off", async () => {
    const page = await open({ width: 420, height: 800 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false);
    await page.screenshot({ path: join(pictures, "chain-narrow.png") });
  });
});
