#!/usr/bin/env node
// The npm package `solc` (the compiler as WebAssembly) behind the command line of the native compiler, as far as
// py-solc-x, forge, slither and halmos use it: `--version`, and `--standard-json [FILE]`. Every source arrives inside
// the JSON, so there is no import callback, and the path flags that name search directories have nothing to act on.
"use strict";

const fs = require("fs");

const PATH_FLAGS = new Set(["--base-path", "--include-path", "--allow-paths"]);

function fail(message) {
  process.stderr.write(`solc: ${message}\n`);
  process.exit(1);
}

// A pipe that is not drained yet answers EAGAIN; the output is megabytes, and none of it may be lost.
function writeAll(descriptor, bytes) {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let written = 0; written < bytes.length; ) {
    try {
      written += fs.writeSync(descriptor, bytes, written);
    } catch (error) {
      if (error.code === "EPIPE") process.exit(1);
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(pause, 0, 0, 5);
    }
  }
}

function parse(args) {
  const parsed = { version: false, standardJson: false, file: 0 };
  for (let i = 0; i < args.length; i++) {
    const [flag, value] = args[i].split("=", 2);
    if (flag === "--version") parsed.version = true;
    else if (flag === "--standard-json") parsed.standardJson = true;
    else if (PATH_FLAGS.has(flag)) i += value === undefined ? 1 : 0;
    else if (args[i] === "-") parsed.file = 0;
    else if (flag.startsWith("-")) fail(`unknown option ${flag}; this wrapper takes --version and --standard-json [FILE]`);
    else parsed.file = args[i];
  }
  return parsed;
}

const asked = parse(process.argv.slice(2));
if (!asked.version && !asked.standardJson) fail("nothing to do; this wrapper takes --version and --standard-json [FILE]");

let solc;
try {
  solc = require("solc");
} catch (error) {
  if (error.code !== "MODULE_NOT_FOUND") throw error;
  fail("the npm package solc is not installed: run scripts/setup");
}

if (asked.version) {
  // Tools read the platform as part of the version and know the native one.
  const version = solc.version().replace(/\.Emscripten\.clang$/, ".Linux.g++");
  writeAll(1, Buffer.from(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`));
} else {
  writeAll(1, Buffer.from(solc.compile(fs.readFileSync(asked.file, "utf8"))));
}
