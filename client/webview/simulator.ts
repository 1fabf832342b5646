/** Entry of the webview in VS Code: dist/webview/simulator.js and simulator.css. */
import "./styles/simulator.css";
import { vsCodePort } from "./bridge.ts";
import { Panel } from "./panel.ts";

const root = document.getElementById("evictscope-simulator");
if (root) new Panel(root, vsCodePort());
