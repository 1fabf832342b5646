/**
 * The panel's way to its host. In VS Code that is the webview's message port; the report and the tests bring their own.
 */
import { checkHostMessage, type HostMessage, type PanelMessage } from "../../server/src/protocol/simulator.ts";
import { vsCodeApi } from "./vscode-api.ts";

/** What the panel keeps between reloads, as far as the panel is concerned. */
export interface PanelPort {
  post(message: PanelMessage): void;
  /** Called once; messages that fail the check never reach `receive`. */
  listen(receive: (message: HostMessage) => void, rejected: (error: string) => void): void;
  getState(): unknown;
  setState(state: unknown): void;
}

/** Checks a message and hands it on; used by every port. */
export function deliver(
  data: unknown,
  receive: (message: HostMessage) => void,
  rejected: (error: string) => void,
): void {
  const checked = checkHostMessage(data);
  if (checked.ok) receive(checked.value);
  else rejected(checked.error);
}

export function vsCodePort(): PanelPort {
  const api = vsCodeApi();
  return {
    post: (message) => api.postMessage(message),
    listen: (receive, rejected) => {
      window.addEventListener("message", (event: MessageEvent<unknown>) => {
        // Other frames' messages (VS Code's own, browser extensions') have no `t`; they are none of ours.
        if (typeof event.data === "object" && event.data !== null && "t" in event.data) {
          deliver(event.data, receive, rejected);
        }
      });
    },
    getState: () => api.getState(),
    setState: (state) => api.setState(state),
  };
}
