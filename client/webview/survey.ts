/** Entry of the survey's page in VS Code: dist/webview/survey.js and survey.css. */
import "./styles/survey.css";
import { SurveyPage } from "./survey/survey-page.ts";
import { vsCodeViewPort } from "./views/view-port.ts";

const root = document.getElementById("evictscope-survey");
if (root) new SurveyPage(root, vsCodeViewPort());
