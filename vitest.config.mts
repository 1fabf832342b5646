import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["server/**/*.test.ts", "client/**/*.test.ts", "grammars/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**", "out/**"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // One second, the default, is little for a browser on a machine that does other things, too.
    expect: { poll: { timeout: 30_000 } },
    pool: "forks",
  },
});
