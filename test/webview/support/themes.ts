/**
 * The theme variables that VS Code 1.91 gives a webview, as far as the panel uses them, for its own default themes
 * (extensions/theme-defaults and the colour registry's defaults). Read off the developer tools of a running VS Code.
 */

export type ThemeName = "light" | "dark" | "high-contrast" | "high-contrast-light";

type Colours = Readonly<Record<string, string>>;

const LIGHT: Colours = {
  "editor-background": "#ffffff",
  "editor-foreground": "#3b3b3b",
  foreground: "#3b3b3b",
  descriptionForeground: "#3b3b3b",
  "sideBar-background": "#f8f8f8",
  "editorWidget-background": "#f8f8f8",
  "widget-border": "#e5e5e5",
  focusBorder: "#005fb8",
  "button-background": "#005fb8",
  "button-foreground": "#ffffff",
  "button-hoverBackground": "#0258a8",
  "button-secondaryBackground": "#e5e5e5",
  "button-secondaryForeground": "#3b3b3b",
  "button-secondaryHoverBackground": "#cccccc",
  "input-background": "#ffffff",
  "input-foreground": "#3b3b3b",
  "input-border": "#cecece",
  "list-activeSelectionBackground": "#e8e8e8",
  "list-activeSelectionForeground": "#000000",
  "list-hoverBackground": "#f2f2f2",
  "badge-background": "#cccccc",
  "badge-foreground": "#3b3b3b",
  "editorError-foreground": "#e51400",
  "editorWarning-foreground": "#bf8803",
  "testing-iconPassed": "#388a34",
  "textLink-foreground": "#005fb8",
  "charts-blue": "#1a85ff",
  "charts-orange": "#d18616",
  "charts-purple": "#652d90",
  "charts-green": "#388a34",
  "charts-yellow": "#bf8803",
  "charts-red": "#e51400",
};

const DARK: Colours = {
  "editor-background": "#1f1f1f",
  "editor-foreground": "#cccccc",
  foreground: "#cccccc",
  descriptionForeground: "#9d9d9d",
  "sideBar-background": "#181818",
  "editorWidget-background": "#202020",
  "widget-border": "#313131",
  focusBorder: "#0078d4",
  "button-background": "#0078d4",
  "button-foreground": "#ffffff",
  "button-hoverBackground": "#026ec1",
  "button-secondaryBackground": "#313131",
  "button-secondaryForeground": "#cccccc",
  "button-secondaryHoverBackground": "#3c3c3c",
  "input-background": "#313131",
  "input-foreground": "#cccccc",
  "input-border": "#3c3c3c",
  "list-activeSelectionBackground": "#04395d",
  "list-activeSelectionForeground": "#ffffff",
  "list-hoverBackground": "#2a2d2e",
  "badge-background": "#616161",
  "badge-foreground": "#f8f8f8",
  "editorError-foreground": "#f14c4c",
  "editorWarning-foreground": "#cca700",
  "testing-iconPassed": "#73c991",
  "textLink-foreground": "#4daafc",
  "charts-blue": "#3794ff",
  "charts-orange": "#d18616",
  "charts-purple": "#b180d7",
  "charts-green": "#89d185",
  "charts-yellow": "#cca700",
  "charts-red": "#f14c4c",
};

const HIGH_CONTRAST: Colours = {
  "editor-background": "#000000",
  "editor-foreground": "#ffffff",
  foreground: "#ffffff",
  descriptionForeground: "rgba(255, 255, 255, 0.7)",
  "sideBar-background": "#000000",
  "editorWidget-background": "#0c141f",
  "widget-border": "#6fc3df",
  contrastBorder: "#6fc3df",
  contrastActiveBorder: "#f38518",
  focusBorder: "#f38518",
  "button-background": "#000000",
  "button-foreground": "#ffffff",
  "button-hoverBackground": "#000000",
  "button-secondaryBackground": "#000000",
  "button-secondaryForeground": "#ffffff",
  "button-secondaryHoverBackground": "#000000",
  "input-background": "#000000",
  "input-foreground": "#ffffff",
  "input-border": "#6fc3df",
  "list-activeSelectionBackground": "transparent",
  "list-activeSelectionForeground": "#ffffff",
  "list-hoverBackground": "rgba(255, 255, 255, 0.1)",
  "badge-background": "#000000",
  "badge-foreground": "#ffffff",
  "editorError-foreground": "#f48771",
  "editorWarning-foreground": "#ffd370",
  "testing-iconPassed": "#73c991",
  "textLink-foreground": "#21a6ff",
  "charts-blue": "#59a4f9",
  "charts-orange": "#d18616",
  "charts-purple": "#b180d7",
  "charts-green": "#89d185",
  "charts-yellow": "#ffd370",
  "charts-red": "#f48771",
};

const HIGH_CONTRAST_LIGHT: Colours = {
  ...LIGHT,
  "editor-background": "#ffffff",
  "editor-foreground": "#292929",
  foreground: "#292929",
  descriptionForeground: "rgba(41, 41, 41, 0.8)",
  "sideBar-background": "#ffffff",
  "editorWidget-background": "#ffffff",
  "widget-border": "#0f4a85",
  contrastBorder: "#0f4a85",
  contrastActiveBorder: "#006bbd",
  focusBorder: "#006bbd",
  "button-background": "#0f4a85",
  "button-secondaryBackground": "#ffffff",
  "button-secondaryForeground": "#0f4a85",
  "button-secondaryHoverBackground": "#ffffff",
  "input-border": "#0f4a85",
  "list-activeSelectionBackground": "rgba(15, 74, 133, 0.1)",
  "list-activeSelectionForeground": "#292929",
  "badge-background": "#0f4a85",
  "badge-foreground": "#ffffff",
  "editorError-foreground": "#b5200d",
  "editorWarning-foreground": "#895503",
};

const THEMES: Readonly<Record<ThemeName, Colours>> = {
  light: LIGHT,
  dark: DARK,
  "high-contrast": HIGH_CONTRAST,
  "high-contrast-light": HIGH_CONTRAST_LIGHT,
};

/** A style sheet with the theme's variables. */
export function themeSheet(theme: ThemeName): string {
  const variables = Object.entries(THEMES[theme]).map(([name, value]) => `  --vscode-${name}: ${value};`);
  return `:root {\n${variables.join("\n")}\n  --vscode-font-size: 13px;\n}\n`;
}

/** The body's class in VS Code. */
export function themeClass(theme: ThemeName): string {
  return theme === "high-contrast-light" ? "vscode-high-contrast vscode-high-contrast-light" : `vscode-${theme}`;
}
