/** `evictscope check` a second time: from the disk where nothing changed, and the same report. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Review } from "../../server/src/core/report/finding.ts";
import { fixtureFolder } from "../support/fixture.ts";
import { buildOnce, type Ended, evictscope, temporaryFolder } from "./run-evictscope.ts";

const SAMPLE = fixtureFolder("sample");
buildOnce();
const folder = temporaryFolder();

function check(cache: string, ...options: string[]): Ended & { readonly review: Review; readonly rest: string } {
  const ended = evictscope(["check", SAMPLE, "--format", "json", ...options], { XDG_CACHE_HOME: cache });
  const review = JSON.parse(ended.stdout) as Review;
  const { elapsedMs: _, peakRssBytes: __, cache: ___, ...counts } = review.stats;
  return { ...ended, review, rest: JSON.stringify({ ...review, stats: counts }) };
}

test("cold, then warm, with the same report and status", () => {
  const cache = join(folder(), "first");
  const cold = check(cache);
  const warm = check(cache);
  expect([cold, warm].map(({ review }) => review.stats.cache)).toEqual(["cold", "warm"]);
  expect(warm.rest).toBe(cold.rest);
  expect(warm.status).toBe(cold.status);
  expect([cold.stderr, warm.stderr]).toEqual(["", ""]);
  const text = (...options: string[]) => evictscope(["check", SAMPLE, ...options], { XDG_CACHE_HOME: cache }).stdout;
  // The last line holds the time that was taken.
  const findings = (printed: string) => printed.split("\n").filter((line) => !/\d m?s\b/.test(line));
  expect(findings(text())).toEqual(findings(text("--no-cache")));
  expect(check(cache, "--rule", "lookup-under-evict").review.stats.cache).toBe("cold");
});

test("--no-cache takes nothing and keeps nothing", () => {
  const cache = join(folder(), "second");
  check(cache, "--no-cache");
  expect(existsSync(cache)).toBe(false);
  check(cache);
  expect(check(cache, "--no-cache").review.stats.cache).toBe("cold");
});

test("what is damaged is made anew, with one line", () => {
  const cache = join(folder(), "third");
  const cold = check(cache);
  const shards = join(cache, "evictscope", "reviews");
  const [name] = readdirSync(shards);
  const path = join(shards, name!);
  writeFileSync(path, readFileSync(path).subarray(0, 5000));
  const again = check(cache);
  expect(again.review.stats.cache).toBe("cold");
  expect(again.rest).toBe(cold.rest);
  expect(again.stderr).toBe(`evictscope: cache: ${path} is damaged, removed\n`);
  expect(check(cache).review.stats.cache).toBe("warm");
});
