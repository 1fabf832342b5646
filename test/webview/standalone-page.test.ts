/** The self-contained page, opened as a file: panel and engine inside, nothing loaded, nothing inline but what it allows. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RaceModel } from "../../server/src/core/race/model.ts";
import { makeSimulatorPage } from "../../server/src/protocol/simulator-page.ts";
import { describeWith, repositoryRoot } from "../support/requirements.ts";
import { bundleFile, bundleWebview } from "./support/bundle.ts";
import { HOSTILE, LOST_WAKE, MARKUP } from "./support/models.ts";
import { launchBrowser } from "./support/panel-page.ts";

describeWith("chromium", "the self-contained page", () => {
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    browser = await launchBrowser();
    folder = mkdtempSync(join(tmpdir(), "evictscope-page-"));
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  test("explores, steps and keeps its place in the address", async () => {
    const panel = await bundleWebview("standalone.ts");
    const engine = await bundleFile(join(repositoryRoot, "server", "src", "browser", "simulator-engine.ts"));
    const html = makeSimulatorPage({
      title: MARKUP,
      data: { models: [LOST_WAKE, HOSTILE], opening: { model: "lost-wake" } },
      engineScript: engine.js,
      panelScript: panel.js,
      styleSheet: panel.css,
      sha256: (text) => createHash("sha256").update(text).digest("base64"),
    });
    const file = join(folder, "page.html");
    writeFileSync(file, html);

    const page = await browser.newPage();
    const problems: string[] = [];
    const requests: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") problems.push(message.text());
    });
    page.on("request", (request) => requests.push(new URL(request.url()).protocol));
    await page.goto(pathToFileURL(file).href);
    await page.locator(".badge-violated").waitFor();
    await page.locator(".run-name", { hasText: "Failing run" }).waitFor();
    await page.getByRole("switch", { name: /^locked/ }).click();
    await page.locator(".badge-holds").waitFor();
    await page.locator(".run-name", { hasText: "Passing run" }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");

    const copy = await browser.newPage();
    await copy.goto(page.url());
    await copy.locator(".run-name", { hasText: "Pasted trace" }).waitFor();
    expect(await copy.locator(".row.now").getAttribute("data-index")).toBe("2");

    const download = page.waitForEvent("download");
    await page.locator("#exports summary").click();
    await page.getByRole("button", { name: "Export: Text for a commit message" }).click();
    expect((await download).suggestedFilename()).toBe("lost-wake.txt");
    expect(problems).toEqual([]);
    // The page itself (twice), and nothing from anywhere else.
    expect(new Set(requests)).toEqual(new Set(["file:"]));
  });

  test("answers while it explores millions of states, and stops when told to", async () => {
    const counters: RaceModel = {
      format: 1,
      id: "counters",
      title: "Six counters",
      summary: "More states than any limit.",
      variables: [..."abcdef"].map((name) => ({ name, max: 250 })),
      threads: [..."abcdef"].map((name) => ({ name, steps: [{ while: `${name} < 250`, loop: [`${name}++`] }] })),
      invariants: ["PROG", { id: "SUM", description: "the sum", always: "a + b + c <= 750" }],
    };
    const panel = await bundleWebview("standalone.ts");
    const engine = await bundleFile(join(repositoryRoot, "server", "src", "browser", "simulator-engine.ts"));
    const file = join(folder, "counters.html");
    writeFileSync(
      file,
      makeSimulatorPage({
        title: "counters",
        data: { models: [counters], opening: { model: "counters" } },
        engineScript: engine.js,
        panelScript: panel.js,
        styleSheet: panel.css,
        sha256: (text) => createHash("sha256").update(text).digest("base64"),
      }),
    );
    const page = await browser.newPage();
    await page.goto(pathToFileURL(file).href);
    // The first exploration stops at its own limit.
    await page.locator(".badge-bounded").waitFor();
    const counts = page.locator(".counts");
    // A loaded machine may come to the limit before it has drawn the frames: then "e" goes four times as far.
    for (let round = 0; round < 3; round++) {
      await page.keyboard.press("e");
      await counts.filter({ hasText: "searching" }).waitFor();
      const before = await counts.textContent();
      // Frames are drawn and keys are taken in between.
      await page.evaluate(
        () =>
          new Promise<void>((done) => {
            let frames = 0;
            const next = (): void => void (++frames === 20 ? done() : requestAnimationFrame(next));
            next();
          }),
      );
      await page.keyboard.press("End");
      await page.keyboard.press("Home");
      expect(await page.locator(".row.now").getAttribute("data-index")).toBe("0");
      expect(await counts.textContent()).not.toBe(before);
      await page.keyboard.press("Escape");
      await expect.poll(() => counts.textContent()).not.toContain("searching");
      if ((await counts.textContent())?.startsWith("Cancelled")) break;
    }
    await page.locator(".badge", { hasText: "cancelled" }).waitFor();
    expect(await page.locator(".counts").textContent()).toMatch(/^Cancelled before every state was seen/);
  });

  test("a bundle that would end its element is refused", () => {
    const parts = {
      title: "",
      data: { models: [] },
      engineScript: "",
      panelScript: "",
      styleSheet: "",
      sha256: () => "",
    };
    expect(() => makeSimulatorPage({ ...parts, engineScript: 'x = "</script>"' })).toThrow(/engine/);
    expect(makeSimulatorPage({ ...parts, data: { models: [HOSTILE] } })).not.toContain("<img");
  });
});
