/** The table of designs in the panel, in a real Chromium, on the sample tree's own code. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { designOfModelId } from "../../server/src/core/extract/filesystem/design-models.ts";
import { listModels } from "../../server/src/core/race/catalogue/index.ts";
import type { RaceModel } from "../../server/src/core/race/model.ts";
import { NEVER_CANCELLED } from "../../server/src/core/text/cancellation.ts";
import type { ReviewSession } from "../../server/src/index/review-session.ts";
import { SimulatorSession } from "../../server/src/service/simulator-session.ts";
import { readFixtureTree } from "../support/fixture.ts";
import { describeWith, repositoryRoot } from "../support/requirements.ts";
import { reviewNow, sessionOf } from "../support/review.ts";
import { axeViolations } from "./support/axe.ts";
import { launchBrowser, openPanel, type PanelPage } from "./support/panel-page.ts";

const pictures = join(repositoryRoot, "out", "screenshots");
const FILESYSTEM = "fs/jnlfs";

describeWith("chromium", "the table of designs", () => {
  let browser: Browser;
  let review: ReviewSession;
  let model: RaceModel;
  let panel: PanelPage;

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    review = sessionOf(readFixtureTree("sample"));
    const { findings } = await reviewNow(review);
    const finding = findings.find((each) => each.filesystem === FILESYSTEM && each.rule === "nofail-under-memalloc")!;
    model = (await review.query({ name: "model", finding }, NEVER_CANCELLED)) as RaceModel;
    browser = await launchBrowser();
  });
  afterEach(async () => {
    expect(panel.problems).toEqual([]);
    await panel.close();
  });
  afterAll(() => browser.close());

  async function open(): Promise<Page> {
    panel = await openPanel(browser, {
      theme: "dark",
      host: (answer) =>
        new SimulatorSession(
          {
            post: answer,
            defer: (work) => void setImmediate(work),
            now: () => performance.now(),
            outside: () => {},
          },
          {
            models: listModels(),
            designs: {
              table: () => review.query({ name: "designs", filesystem: FILESYSTEM }, NEVER_CANCELLED),
              model: async (id) => {
                const cell = designOfModelId(id, FILESYSTEM);
                const ask = { name: "designModel", filesystem: FILESYSTEM } as const;
                return cell === null ? null : review.query({ ...ask, ...cell }, NEVER_CANCELLED);
              },
            },
          },
          { model },
        ),
    });
    return panel.page;
  }

  test("a button shows it; a cell opens its failing run on the filesystem's own lines", async () => {
    const page = await open();
    await page.locator(".badge-violated").waitFor();
    await page.screenshot({ path: join(pictures, "finding-model.png") });
    await page.getByRole("button", { name: "Designs" }).click();
    const table = page.locator("table.designs");
    await table.waitFor({ timeout: 60_000 });
    expect(await table.locator("tbody tr").count()).toBe(10);
    expect(await axeViolations(page)).toEqual([]);
    await page.screenshot({ path: join(pictures, "designs.png") });
    const row = table.locator("tbody tr", { hasText: "punts after remove_inode_hash()" });
    await row.getByRole("button", { name: "UNIQ" }).click();
    await page.locator("h1", { hasText: "fs/jnlfs" }).waitFor();
    await page.locator(".badge-violated").waitFor();
    await page.locator(".run-name", { hasText: "Failing run" }).waitFor();
    expect(await page.locator(".model-id").textContent()).toBe("design.fs-jnlfs.async-after-unhash.lookup");
    await page.screenshot({ path: join(pictures, "design-run.png") });
  });
});
