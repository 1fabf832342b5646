// The native grammar for npm's tree-sitter. Throws where `npm run build:native` has not been run; WASM serves then.
const language = require("./build/kernel-c.node");

language.nodeTypeInfo = require("./src/node-types.json");

module.exports = language;
