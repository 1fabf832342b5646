/** The built panel in a real Chromium, with the real engine behind it. */
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { listModels } from "../../server/src/core/race/catalogue/index.ts";
import { type HostMessage, SIMULATOR_PROTOCOL } from "../../server/src/protocol/simulator.ts";
import { type Opening, type OutsideMessage, SimulatorSession } from "../../server/src/service/simulator-session.ts";
import { describeWith, repositoryRoot } from "../support/requirements.ts";
import { longRunHost } from "./support/long-run.ts";
import { HOSTILE, LIVELOCK, LOST_WAKE, MARKUP, RECLAIM } from "./support/models.ts";
import { launchBrowser, openPanel, type PanelHost, type PanelOptions, type PanelPage } from "./support/panel-page.ts";
import type { ThemeName } from "./support/themes.ts";

const axeSource = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const pictures = join(repositoryRoot, "out", "screenshots");

function sessionHost(
  opening?: Opening,
  outside: OutsideMessage[] = [],
): (answer: (message: HostMessage) => void) => PanelHost {
  return (answer) =>
    new SimulatorSession(
      {
        post: answer,
        defer: (work) => void setImmediate(work),
        now: () => performance.now(),
        outside: (message) => void outside.push(message),
      },
      { models: [...listModels(), LOST_WAKE, LIVELOCK, HOSTILE, RECLAIM] },
      opening,
    );
}

const present = (page: Page) => page.locator(".row.now").getAttribute("data-index");
const badge = (page: Page) => page.locator(".badge");

async function verdictShown(page: Page, verdict: "violated" | "holds"): Promise<void> {
  await page.locator(`.badge-${verdict}`).waitFor();
}

/** The run of this kind is drawn and the state beside it is there. */
async function runShown(page: Page, name: string): Promise<void> {
  await page.locator(".run-name", { hasText: name }).waitFor();
  await page.locator(".state-title").waitFor();
}

describeWith("chromium", "the simulator's panel", () => {
  let browser: Browser;
  let panel: PanelPage;

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    browser = await launchBrowser();
  });
  afterEach(async () => {
    // Exceptions and everything that the page's policy refused.
    expect(panel.problems).toEqual([]);
    await panel.close();
  });
  afterAll(async () => {
    await browser.close();
  });

  async function open(options: PanelOptions): Promise<Page> {
    panel = await openPanel(browser, options);
    return panel.page;
  }

  test("the keyboard alone opens, explores, steps, chooses, plays and finds help", async () => {
    const page = await open({ host: sessionHost({ model: "evict-async-after-unhash" }) });
    const key = (name: string) => page.keyboard.press(name);
    await verdictShown(page, "violated");
    await runShown(page, "Failing run");
    const length = Number(await present(page));
    expect(length).toBeGreaterThan(5);

    await key("Home");
    expect(await present(page)).toBe("0");
    await key("ArrowDown");
    await key("j");
    expect(await present(page)).toBe("2");
    await key("k");
    expect(await present(page)).toBe("1");
    await key("PageDown");
    expect(await present(page)).toBe("11");
    await key("End");
    expect(await present(page)).toBe(String(length));

    await key("Home");
    await page.locator(".choices").waitFor();
    const other = page.locator(".choice:not(.choice-taken) .choice-step kbd").first();
    await key((await other.textContent()) ?? "");
    await runShown(page, "Run by hand");
    expect(await present(page)).toBe("1");
    expect(panel.posted.filter((message) => message.t === "choose")).toHaveLength(1);

    await key("g");
    await page.locator(".row").nth(3).waitFor();
    await key("f");
    await runShown(page, "Failing run");
    await key("Home");
    for (let i = 0; i < 5; i++) await key("+");
    await key("Space");
    await page.locator(`.row.now[data-index="${length}"]`).waitFor();
    expect(await page.locator(".icon-play").getAttribute("aria-label")).toBe("Play");

    await key("?");
    await page.getByRole("dialog", { name: "Keyboard and signs" }).waitFor();
    await key("Escape");
    expect(await page.getByRole("dialog").count()).toBe(0);

    await key("/");
    await page.getByRole("combobox", { name: "Search the catalogue" }).waitFor();
    await page.keyboard.type("serialise on freeing");
    await key("Enter");
    await verdictShown(page, "holds");
    await runShown(page, "Passing run");
    expect(await page.locator(".model-id").textContent()).toBe("sync-evict-baseline");

    // The focus gets everywhere, in order, and out again.
    const reached = new Set<string>();
    for (let i = 0; i < 60; i++) {
      await key("Tab");
      reached.add(
        await page.evaluate(() => {
          const { activeElement } = document;
          return activeElement?.id || activeElement?.getAttribute("aria-label") || activeElement?.textContent || "";
        }),
      );
    }
    expect([...reached]).toEqual(expect.arrayContaining(["trace", "Play", "Position in the trace", "State", "Run on"]));
  });

  test("a step's click and Enter show its source line", async () => {
    const outside: OutsideMessage[] = [];
    const page = await open({ host: sessionHost({ model: "lost-wake" }, outside) });
    await runShown(page, "Failing run");
    await page.locator(".row", { hasText: "hlist_del_init_rcu" }).click();
    const expected = { t: "reveal", file: "fs/inode.c", line: 500 };
    expect(await panel.waitForPosted("reveal")).toEqual(expected);
    const posted = panel.posted.length;
    await page.keyboard.press("Enter");
    expect(await panel.waitForPosted("reveal", posted)).toEqual(expected);
  });

  test("a fix is switched on, and the verdict and the run follow", async () => {
    const page = await open({ host: sessionHost({ model: "lost-wake" }) });
    await verdictShown(page, "violated");
    await page.getByRole("switch", { name: /^locked/ }).click();
    await verdictShown(page, "holds");
    await runShown(page, "Passing run");
    expect(await page.getByRole("switch", { name: /^locked/ }).getAttribute("aria-checked")).toBe("true");
    expect(await page.locator(".hidden-text[role=status]").textContent()).toContain("Passing run");
    // The focus stays on the switch although it was drawn anew.
    expect(await page.evaluate(() => document.activeElement?.getAttribute("data-key"))).toBe("toggle-locked");
  });

  test("what a step changed is marked, with what was there before", async () => {
    const page = await open({ host: sessionHost({ model: "reclaim" }), theme: "light" });
    await runShown(page, "Passing run");
    const state = page.locator("aside.state");
    const step = async (label: string) => {
      await page.locator(".row", { hasText: label }).click();
      await page.locator(".state-title", { hasText: (await present(page)) ?? "?" }).waitFor();
    };
    await step("journal_start()");
    const free = state.locator(".gauge", { hasText: "free" });
    expect(await free.locator(".value").textContent()).toBe("freewas 2→now 1");
    expect(await free.locator(".page").count()).toBe(2);
    expect(await free.locator(".page-gone").count()).toBe(1);
    expect(await state.locator(".value.changed").allTextContents()).toEqual(["freewas 2→now 1", "handleswas 0→now 1"]);
    await page.screenshot({ path: join(pictures, "simulator-memory.png") });
    await step("queue_work(evict_work)");
    expect(await state.locator(".queue .box").allTextContents()).toEqual(["A"]);
    await step("I_FREEING");
    expect(await state.locator(".bit.changed").textContent()).toContain("FREEING set, changed");
    await step("remove_inode_hash");
    expect(await state.locator(".chain .slot-name").allTextContents()).toEqual(["B"]);
    expect(await state.locator(".loose .slot-name").allTextContents()).toEqual(["A"]);
  });

  test("why a thread can't go on is said beside its step", async () => {
    const page = await open({ host: sessionHost({ model: "lost-wake", toggles: { locked: true } }) });
    await runShown(page, "Passing run");
    await page.keyboard.press("h");
    await runShown(page, "Run by hand");
    await page.locator(".choice", { hasText: "lookup" }).locator(".choice-step").click();
    await page.locator(".choice-blocked .why").waitFor();
    expect(await page.locator(".choice-blocked .why").textContent()).toContain("waits for hash_lock held by lookup");
  });

  test("live counts, cancel, and the verdict aloud", async () => {
    const page = await open({ host: longRunHost(2, 10) });
    await panel.waitForPosted("states");
    await page.keyboard.press("e");
    await panel.waitForPosted("explore");
    await panel.post({ t: "progress", phase: "search", states: 1234, transitions: 5678, frontier: 90 });
    await page.locator(".counts", { hasText: "1,234" }).waitFor();
    expect(await page.locator(".counts").textContent()).toBe("searching: 1,234 states, 5,678 transitions, 90 waiting");
    await page.keyboard.press("Escape");
    await panel.waitForPosted("cancel");
    const figures = { states: 2000, transitions: 9000, elapsedMs: 12, assumptions: [] };
    await panel.post({
      t: "verdict",
      verdict: { verdict: "bounded", message: "A limit was met.", limit: "maxStates 2000", ...figures },
    });
    await page.locator(".badge-bounded").waitFor();
    expect(await page.locator(".hidden-text[role=status]").textContent()).toBe(
      "Verdict bounded. A limit was met. 2,000 states.",
    );
  });

  test("a lasso is drawn as a loop and played round and round", async () => {
    const page = await open({ host: sessionHost({ model: "livelock" }) });
    await verdictShown(page, "violated");
    await page.locator("path.loop").waitFor({ state: "attached" });
    await page.screenshot({ path: join(pictures, "simulator-lasso.png") });
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    expect(await page.locator(".turns").textContent()).toBe("↻ 2");
    expect(await page.locator(".run-end").textContent()).toContain("PROG");
  });

  test("a trace is copied, pasted, shown as text and exported", async () => {
    const page = await open({ host: sessionHost({ model: "lost-wake" }) });
    await runShown(page, "Failing run");
    await page.keyboard.press("c");
    const { text } = await panel.waitForPosted("copy");
    expect(text).toMatch(/^lost-wake\?locked=false#/);

    await page.keyboard.press("v");
    await page.getByRole("textbox", { name: "Trace string" }).fill("nonsense");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").filter({ hasText: "no trace" }).waitFor();
    await page.keyboard.press("v");
    await page.getByRole("textbox", { name: "Trace string" }).fill(text);
    await page.keyboard.press("Enter");
    await runShown(page, "Pasted trace");
    expect(await page.getByRole("alert").isVisible()).toBe(false);

    await page.keyboard.press("t");
    const lines = await page.getByRole("dialog").locator(".text-trace li").allTextContents();
    expect(lines[0]).toMatch(/^Step 1, \w+: /);
    expect(lines.at(-1)).toContain("WAKE");
    await page.keyboard.press("Escape");

    await page.keyboard.press("x");
    await page.keyboard.press("ArrowUp");
    await page.getByRole("button", { name: "Export: Picture (SVG)" }).click();
    const saved = await panel.waitForPosted("save");
    expect(saved.name).toBe("lost-wake.svg");
    expect(saved.text).toMatch(/^<svg /);
  });

  test("the menu stays open, and its item focused, when the header is drawn anew", async () => {
    const page = await open({ host: sessionHost({ model: "lost-wake" }) });
    await runShown(page, "Failing run");
    await page.keyboard.press("x");
    await page.keyboard.press("ArrowUp");
    const last = page.getByRole("button", { name: "Export: Promela" });
    const before = (await last.elementHandle())!;
    await panel.post({ t: "catalogue", protocol: SIMULATOR_PROTOCOL, items: [], choose: false, designs: true });
    await page.getByRole("button", { name: "Designs" }).waitFor();
    expect(await before.evaluate((node) => node.isConnected)).toBe(false);
    expect(await last.evaluate((node) => node === document.activeElement)).toBe(true);
    await page.getByRole("button", { name: "Export: Picture (SVG)" }).click();
    expect((await panel.waitForPosted("save")).name).toBe("lost-wake.svg");
  });

  test("a menu that a key opens before the dialog's end is told stays open", async () => {
    const page = await open({ host: sessionHost({ model: "lost-wake" }) });
    await runShown(page, "Failing run");
    await page.locator("#trace").focus();
    await page.keyboard.press("t");
    await page.getByRole("dialog").waitFor();
    const isOpen = await page.evaluate(async () => {
      const dialog = document.querySelector("dialog")!;
      const told = new Promise((done) => dialog.addEventListener("close", () => setTimeout(done)));
      dialog.close();
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "x", bubbles: true }));
      await told;
      return document.querySelector<HTMLDetailsElement>("#exports")!.open;
    });
    expect(isOpen).toBe(true);
  });

  test("a key that comes before a closed dialog has lost the focus is not lost", async () => {
    const page = await open({ host: sessionHost({ model: "lost-wake" }) });
    await runShown(page, "Failing run");
    await page.keyboard.press("t");
    await page.getByRole("dialog").waitFor();
    const isOpen = await page.evaluate(() => {
      const dialog = document.querySelector("dialog")!;
      const focused = dialog.querySelector("button")!;
      dialog.close();
      focused.dispatchEvent(new KeyboardEvent("keydown", { key: "x", bubbles: true }));
      return document.querySelector<HTMLDetailsElement>("#exports")!.open;
    });
    expect(isOpen).toBe(true);
  });

  test("a reload goes on with the same model, toggles, run and step", async () => {
    const page = await open({ host: sessionHost({ model: "evict-async-after-unhash" }) });
    await page.getByRole("button", { name: "Races" }).click();
    await page.getByRole("option", { name: /A sleeper that nobody wakes/ }).click();
    await page.getByRole("switch", { name: /^locked/ }).click();
    await runShown(page, "Passing run");
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowDown");
    await page.reload();
    await runShown(page, "Pasted trace");
    expect(await page.locator(".model-id").textContent()).toBe("lost-wake");
    expect(await page.getByRole("switch", { name: /^locked/ }).getAttribute("aria-checked")).toBe("true");
    expect(await present(page)).toBe("3");
  });

  test("two thousand steps of twelve threads exist only where one looks", async () => {
    const page = await open({ host: longRunHost(12, 2000), theme: "light" });
    await panel.waitForPosted("states");
    const nodes = () => page.evaluate(() => document.getElementsByTagName("*").length);
    const rows = page.locator(".row");
    await rows.first().waitFor();
    const bounded = 1500;
    expect(await nodes()).toBeLessThan(bounded);
    await page.screenshot({ path: join(pictures, "simulator-2000-steps.png") });
    for (const part of [0.25, 0.5, 0.75, 1]) {
      await page.evaluate((where) => {
        const trace = document.getElementById("trace") as HTMLElement;
        trace.scrollTop = trace.scrollHeight * where;
      }, part);
      await page.locator(`.row[data-index="${Math.min(2000, Math.round(2000 * part))}"]`).waitFor();
      expect(await rows.count()).toBeLessThan(80);
      expect(await nodes()).toBeLessThan(bounded);
    }
    await page.keyboard.press("End");
    await page.locator('.row.now[data-index="2000"]').waitFor();
    await page.keyboard.press("Home");
    await page.locator('.row.now[data-index="0"]').waitFor();
    // Elements stand in the order of the rows, for readers that go through them.
    const order = await rows.evaluateAll((items) => items.map((item) => Number((item as HTMLElement).dataset.index)));
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  test("names that look like HTML stay text", async () => {
    const page = await open({ host: sessionHost({ model: "hostile" }) });
    await verdictShown(page, "violated");
    await page.keyboard.press("t");
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    await page.getByRole("option", { name: MARKUP }).first().waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".about summary").click();
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.evaluate(() => "hacked" in window)).toBe(false);
    expect(await page.locator("h1").textContent()).toBe(`Title ${MARKUP}`);
  });

  test("opened for nothing, the panel lets the user choose", async () => {
    const page = await open({ host: sessionHost() });
    await page.getByRole("dialog", { name: "Races and designs" }).waitFor();
    await page.keyboard.type("sleeper nobody");
    await page.keyboard.press("Enter");
    await runShown(page, "Failing run");
    // A wake-up that finds nobody is crossed out.
    await page.locator(".row-note-lost").waitFor();
    await page.screenshot({ path: join(pictures, "simulator-lost-wake.png") });
  });

  test("a message that is none is said and ignored", async () => {
    const page = await open({ host: sessionHost({ model: "lost-wake" }) });
    await runShown(page, "Failing run");
    await panel.post({ t: "run", at: 0, run: { rows: 3 } } as unknown as HostMessage);
    await page.getByRole("alert").filter({ hasText: "run.run.id" }).waitFor();
    await panel.post({ t: "nonsense" } as unknown as HostMessage);
    await page.getByRole("alert").filter({ hasText: "unknown kind" }).waitFor();
    expect(await badge(page).textContent()).toContain("violated");
  });

  const themes: readonly ThemeName[] = ["light", "dark", "high-contrast", "high-contrast-light"];
  test.each(themes)("%s: no serious finding of axe, a picture of each state", async (theme) => {
    const page = await open({ host: sessionHost({ model: "evict-async-after-unhash" }), theme });
    await runShown(page, "Failing run");
    await page.screenshot({ path: join(pictures, `simulator-${theme}.png`) });
    await check(page);
    await page.keyboard.press("PageUp");
    await page.locator(".choices").waitFor();
    await page.screenshot({ path: join(pictures, `simulator-${theme}-choices.png`) });
    await check(page);
    await page.keyboard.press("/");
    await page.getByRole("dialog").waitFor();
    await page.screenshot({ path: join(pictures, `simulator-${theme}-catalogue.png`) });
    await check(page);
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    await page.screenshot({ path: join(pictures, `simulator-${theme}-help.png`) });
    await check(page);
  });

  test("a narrow panel puts the state below the trace", async () => {
    const page = await open({ host: sessionHost({ model: "lost-wake" }), width: 520, height: 900 });
    await runShown(page, "Failing run");
    const trace = await page.locator(".trace").boundingBox();
    const state = await page.locator("aside.state").boundingBox();
    expect(state?.y).toBeGreaterThanOrEqual((trace?.y ?? 0) + (trace?.height ?? 0));
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(520);
    await page.screenshot({ path: join(pictures, "simulator-narrow.png"), fullPage: true });
    await page.setViewportSize({ width: 520, height: 640 });
    const transport = await page.locator(".transport").boundingBox();
    expect((transport?.y ?? 0) + (transport?.height ?? 1e6)).toBeLessThanOrEqual(640);
    await page.screenshot({ path: join(pictures, "simulator-narrow-low.png") });
  });

  test("in a narrow and low panel the keys of the run do not lie on what it came to, however far it is scrolled", async () => {
    const page = await open({ host: sessionHost({ model: "evict-async-after-unhash" }), width: 520, height: 500 });
    await runShown(page, "Failing run");
    await page.screenshot({ path: join(pictures, "simulator-narrow-lower.png") });
    for (const down of [0, 60, 120, 180, 240]) {
      await page.evaluate((y) => window.scrollTo(0, y), down);
      const end = (await page.locator(".run-end").boundingBox())!;
      const transport = (await page.locator(".transport").boundingBox())!;
      expect(end.y + end.height).toBeLessThanOrEqual(transport.y + 0.5);
      // Both are seen until the trace itself has gone by.
      expect(end.y).toBeGreaterThanOrEqual(0);
      expect(transport.y + transport.height).toBeLessThanOrEqual(500.5);
    }
  });
});

async function check(page: Page): Promise<void> {
  // Injected by the debugger, which the page's policy does not bind.
  const { readFileSync } = await import("node:fs");
  await page.evaluate(readFileSync(axeSource, "utf8"));
  const results = await page.evaluate(() => (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run());
  const serious = results.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(
      ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target.join(" ")} ${node.failureSummary}`).join(" | ")}`,
    );
  expect(serious).toEqual([]);
}
