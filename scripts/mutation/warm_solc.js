// npm's solc kept warm: one process compiles hundreds of mutants, each in the time of one contract's code.
// First line in: {"sources": ..., "settings": ...}. Every further line: {"replaced": {source: text}, "wanted": [[source,
// contract, viaIR], ...], "ast": bool}. One line out for each: {"errors": [...], "code": {contract: hex}, "ast": ...}.
"use strict";

const path = require("path");
const readline = require("readline");
const solc = require(path.join(process.argv[2], "solc"));

let base = null;

function compile(sources, settings) {
  return JSON.parse(solc.compile(JSON.stringify({ language: "Solidity", sources, settings })));
}

function answer(request) {
  const sources = { ...base.sources };
  for (const [name, content] of Object.entries(request.replaced || {})) sources[name] = { content };
  const result = { errors: [], code: {} };
  if (request.ast) {
    const settings = { ...base.settings, outputSelection: { "*": { "": ["ast"] } } };
    result.ast = Object.fromEntries(Object.entries(compile(sources, settings).sources).map(([n, s]) => [n, s.ast]));
  }
  for (const viaIR of [false, true]) {
    const wanted = request.wanted.filter((entry) => entry[2] === viaIR);
    if (!wanted.length) continue;
    const outputSelection = {};
    for (const [source, name] of wanted) outputSelection[source] = { [name]: ["evm.bytecode.object"] };
    const output = compile(sources, { ...base.settings, viaIR, outputSelection });
    const errors = (output.errors || []).filter((error) => error.severity === "error");
    result.errors.push(...errors.map((error) => error.formattedMessage));
    if (errors.length) break;
    for (const [source, name] of wanted) result.code[name] = output.contracts[source][name].evm.bytecode.object;
  }
  return result;
}

readline.createInterface({ input: process.stdin, crlfDelay: Infinity }).on("line", (line) => {
  const request = JSON.parse(line);
  if (base === null) base = request;
  else process.stdout.write(JSON.stringify(answer(request)) + "\n");
});
