/** Entry of the call chain's page in VS Code: dist/webview/chain.js and chain.css. */
import "./styles/chain.css";
import { ChainPage } from "./chain/chain-page.ts";
import { vsCodeViewPort } from "./views/view-port.ts";

const root = document.getElementById("evictscope-chain");
if (root) new ChainPage(root, vsCodeViewPort());
