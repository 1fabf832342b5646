/** Entry of the language server that the desktop extension starts. */
import { serveLsp } from "./serve-lsp.ts";

serveLsp();
