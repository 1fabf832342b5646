/**
 * The one folder outside the repository that tests and scripts keep big things in: unpacked kernel trees, code-server.
 * `${XDG_CACHE_HOME:-~/.cache}/evictscope`. Plain JavaScript, because scripts use it before anything is compiled.
 */
import { homedir } from "node:os";
import { join } from "node:path";

export const CODE_SERVER_VERSION = "4.139.1";

/** @returns {string} absolute path; it need not exist yet */
export function cacheFolder() {
  const base = process.env.XDG_CACHE_HOME;
  // The XDG specification: a relative path is invalid and is to be ignored.
  return join(base?.startsWith("/") ? base : join(homedir(), ".cache"), "evictscope");
}

/**
 * Where the tree of Debian's package `linux-source-<version>` is unpacked to.
 * @param {string} version `6.12` or `6.1`
 * @returns {string}
 */
export function kernelFolder(version) {
  return join(cacheFolder(), "kernels", `linux-source-${version}`);
}

/** @returns {string} folder of the installed code-server, which `npm i` fills */
export function codeServerFolder() {
  return join(cacheFolder(), `code-server-${CODE_SERVER_VERSION}`);
}

/** @returns {string} the script that starts it; there only after a complete installation */
export function codeServerLauncher() {
  return join(codeServerFolder(), "code-server.sh");
}
