/** package.json as VS Code reads it: what is contributed exists, is described, and has one prefix. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repositoryRoot } from "./support/requirements.ts";
import { readRepositoryFile, repositoryFiles } from "./support/source-files.ts";

interface Setting {
  readonly type?: string;
  readonly scope?: string;
  readonly default?: unknown;
  readonly description?: string;
  readonly markdownDescription?: string;
  readonly enum?: readonly string[];
  readonly enumDescriptions?: readonly string[];
}
const manifest = JSON.parse(readRepositoryFile("package.json"));
const { contributes } = manifest;
const settings: [string, Setting][] = contributes.configuration.flatMap(
  ({ properties }: { properties: Record<string, Setting> }) => Object.entries(properties),
);
const commands: { command: string; title: string; category: string }[] = contributes.commands;
const names = new Set(commands.map(({ command }) => command));

test.each(settings)("%s has a type, a scope, a default and a description", (name, setting) => {
  expect(name).toMatch(/^evictscope\./);
  expect(setting.type).toBeDefined();
  expect(["window", "machine", "machine-overridable", "resource"]).toContain(setting.scope);
  expect(setting.default).toBeDefined();
  const words = setting.description ?? setting.markdownDescription ?? "";
  expect(words.length).toBeGreaterThan(20);
  expect(words).toMatch(/[.)]$/);
  if (setting.enumDescriptions !== undefined) expect(setting.enumDescriptions).toHaveLength(setting.enum?.length ?? 0);
});

test("every command stands under one prefix in the palette, and the client runs it", () => {
  const client = repositoryFiles()
    .filter((path) => /^client\/src\/.*\.ts$/.test(path) || path === "server/src/protocol/messages.ts")
    .map(readRepositoryFile)
    .join("\n");
  for (const { command, title, category } of commands) {
    expect(category).toBe("Evictscope");
    expect(title).toMatch(/^[A-Z]/);
    expect(client, `nothing registers ${command}`).toContain(`"${command}"`);
  }
});

test("menus, keys and texts name commands that there are", () => {
  const menus: { command: string }[] = Object.values(contributes.menus).flat() as { command: string }[];
  for (const { command } of [...menus, ...contributes.keybindings]) expect(names).toContain(command);
  const texts: string[] = [
    ...contributes.viewsWelcome.map(({ contents }: { contents: string }) => contents),
    ...contributes.walkthroughs.flatMap(({ steps }: { steps: { description: string }[] }) =>
      steps.map(({ description }) => description),
    ),
  ];
  for (const text of texts) {
    for (const [, command] of text.matchAll(/\(command:(evictscope\.[\w.]+)/g)) {
      if (command !== "evictscope.eviction.focus") expect(names).toContain(command);
    }
  }
});

test("keys are chords, bound in the C editor of a reviewed tree alone: nothing of the editor's own is taken", () => {
  for (const { key, mac, when } of contributes.keybindings) {
    expect(key).toMatch(/^ctrl\+k ctrl\+alt\+[a-z]$/);
    expect(mac).toMatch(/^cmd\+k cmd\+alt\+[a-z]$/);
    expect(when).toContain("editorTextFocus");
    expect(when).toContain("evictscope.viewState == ready");
  }
});

test("the view says why it is empty in every state that the client sets", () => {
  const view = readRepositoryFile("client/src/common/eviction-view.ts");
  const shown = contributes.viewsWelcome.map(({ when }: { when: string }) => when).join(" ");
  for (const state of ["starting", "idle", "indexing", "failed", "cancelled", "filtered", "ready"]) {
    expect(shown).toContain(`== ${state}`);
    if (!["indexing", "failed", "cancelled"].includes(state)) expect(view).toContain(`"${state}"`);
  }
});

test("the walkthrough has five steps, each with a picture, words for it, and an end", () => {
  const [{ steps }] = contributes.walkthroughs;
  expect(steps).toHaveLength(5);
  for (const { media, completionEvents, description } of steps) {
    expect(existsSync(join(repositoryRoot, media.image)), media.image).toBe(true);
    expect(media.altText.length).toBeGreaterThan(20);
    expect(completionEvents.length).toBeGreaterThan(0);
    expect(description).toContain("](command:");
  }
});

test("limits are declared: untrusted and virtual workspaces, and no telemetry", () => {
  const { untrustedWorkspaces, virtualWorkspaces } = manifest.capabilities;
  expect(untrustedWorkspaces.supported).toBe("limited");
  expect(untrustedWorkspaces.description).toContain("git is not run");
  for (const name of untrustedWorkspaces.restrictedConfigurations) {
    expect(settings.map(([setting]) => setting)).toContain(name);
  }
  expect(virtualWorkspaces.supported).toBe("limited");
  const packages = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(packages.filter((name) => /telemetry|insights|analytics/.test(name))).toEqual([]);
});

test("evictscope.json has a schema that is packed", () => {
  const [{ fileMatch, url }] = contributes.jsonValidation;
  expect(fileMatch).toBe("evictscope.json");
  expect(existsSync(join(repositoryRoot, url))).toBe(true);
});
