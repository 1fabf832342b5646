export interface WebEditorOptions {
  readonly editor: string;
  readonly extension: string;
  readonly tree: string;
  readonly port?: number;
  readonly show?: { readonly file: string; readonly line: number };
}
export function serveWebEditor(
  options: WebEditorOptions,
): Promise<{ readonly address: string; readonly close: () => Promise<void> }>;
