#!/usr/bin/env node
/**
 * Unpacks the kernel sources of a Debian package into the project's cache folder, outside the repository: kernel code
 * is never committed. Installs nothing.
 *
 *   npm run kernel:unpack -- 6.12          unpack /usr/src/linux-source-6.12.tar.xz, unless that has been done
 *   npm run kernel:unpack -- 6.12 --where  print the folder, unpack nothing
 *
 * Documentation/ and tools/ are left out: nothing in them is kernel code. What is unpacked appears under its final name
 * only when complete, so an interrupted run leaves nothing that could be taken for a tree.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { kernelFolder } from "../support/cache-folder.mjs";

const VERSIONS = ["6.12", "6.1"];
/** An unpacked tree without Documentation/ and tools/ takes about 1.4 GB. */
const NEEDED_BYTES = 2.5e9;
/** Written into the unpacked tree: which package file it came from. */
const STAMP = ".evictscope-unpacked-from";

function fail(message) {
  console.error(`kernel:unpack: ${message}`);
  process.exit(1);
}

function packageFile(version) {
  const found = [".tar.xz", ".tar.bz2", ".tar.gz"]
    .map((ending) => `/usr/src/linux-source-${version}${ending}`)
    .find((path) => existsSync(path));
  if (!found) {
    fail(
      `/usr/src/linux-source-${version}.tar.xz is missing. On Debian: apt-get install linux-source-${version}\n` +
        `Or name a tree that you have: export EVICTSCOPE_KERNEL_${version.replace(".", "_")}=/path/to/linux`,
    );
  }
  return found;
}

function unpack(version) {
  const target = kernelFolder(version);
  const archive = packageFile(version);
  const { size, mtimeMs } = statSync(archive);
  const stamp = `${archive} ${size} ${Math.round(mtimeMs)}\n`;
  const stampFile = join(target, STAMP);
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) {
    console.log(`linux-source-${version} is unpacked in ${target}`);
    return;
  }

  mkdirSync(dirname(target), { recursive: true });
  const space = statfsSync(dirname(target));
  if (space.bavail * space.bsize < NEEDED_BYTES) {
    fail(`${dirname(target)} has less than ${NEEDED_BYTES / 1e9} GB free`);
  }
  const partial = `${target}.partial-${process.pid}`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial);
  process.on("SIGINT", () => {
    rmSync(partial, { recursive: true, force: true });
    process.exit(130);
  });

  console.log(`unpacking ${archive} into ${target} ...`);
  const top = `linux-source-${version}`;
  const result = spawnSync(
    "tar",
    [
      "--extract",
      `--file=${archive}`,
      `--directory=${partial}`,
      "--strip-components=1",
      "--no-same-owner",
      `--exclude=${top}/Documentation`,
      `--exclude=${top}/tools`,
    ],
    { stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, XZ_DEFAULTS: "-T0" } },
  );
  if (result.error || result.status !== 0 || !existsSync(join(partial, "mm", "vmscan.c"))) {
    rmSync(partial, { recursive: true, force: true });
    fail(result.error ? `tar could not be started: ${result.error.message}` : `tar could not unpack ${archive}`);
  }
  writeFileSync(join(partial, STAMP), stamp);
  rmSync(target, { recursive: true, force: true });
  renameSync(partial, target);
  console.log(`linux-source-${version} is unpacked in ${target}`);
}

const versions = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
if (versions.length === 0) fail(`say which version: ${VERSIONS.join(" or ")}`);
for (const version of versions) {
  if (!VERSIONS.includes(version)) fail(`version ${version} is not one of ${VERSIONS.join(", ")}`);
  if (process.argv.includes("--where")) console.log(kernelFolder(version));
  else unpack(version);
}
