/** A view's way to the editor: the webview's message port. The tests bring a stand-in for VS Code's own API. */
import {
  checkViewHostMessage,
  type ViewHostMessage,
  type ViewPageMessage,
} from "../../../server/src/protocol/view-messages.ts";
import { vsCodeApi } from "../vscode-api.ts";

export interface ViewPort {
  post(message: ViewPageMessage): void;
  /** Messages that fail the check never reach `receive`. */
  listen(receive: (message: ViewHostMessage) => void, rejected: (error: string) => void): void;
  getState(): unknown;
  setState(state: unknown): void;
}

export function vsCodeViewPort(): ViewPort {
  const api = vsCodeApi();
  return {
    post: (message) => api.postMessage(message),
    listen: (receive, rejected) => {
      window.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
        // Other frames' messages (VS Code's own, browser extensions') have no `t`; they are none of ours.
        if (typeof data !== "object" || data === null || !("t" in data)) return;
        const checked = checkViewHostMessage(data);
        if (checked.ok) receive(checked.value);
        else rejected(checked.error);
      });
    },
    getState: () => api.getState(),
    setState: (state) => api.setState(state),
  };
}
