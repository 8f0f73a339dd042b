/** Makes dist/, which is packed: the sources, the console's own module of the socket, and types. */

import { execFileSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** @param {string} path */
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

rmSync(at("dist"), { recursive: true, force: true });
cpSync(at("src"), at("dist"), { recursive: true });
cpSync(at("../../realtime/static/realtime/socket.js"), at("dist/realtime/socket.js"));
cpSync(at("../../LICENSE"), at("dist/LICENSE"));
const tsc = fileURLToPath(import.meta.resolve("typescript/package.json")).replace(
  "package.json",
  "bin/tsc",
);
execFileSync(process.execPath, [tsc, "--project", at("tsconfig.json")], { stdio: "inherit" });
