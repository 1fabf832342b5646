export function webEditorFolder(): string;
export function isWebEditorInstalled(): boolean;
export function installWebEditor(say?: (line: string) => void): string;
