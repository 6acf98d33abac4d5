// Calls functions of the page's sources. Each line of the input, {"file", "function", "arguments"}, is answered by a line of JSON.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const ui = new URL("../../ui/", import.meta.url);
const { runnerImport } = await import(pathToFileURL(createRequire(new URL("package.json", ui)).resolve("vite")).href);
const revive = (_, value) => (value === "NaN" ? Number.NaN : value && value.$map ? new Map(value.$map) : value);
const keep = (_, value) => (Number.isNaN(value) ? "NaN" : value);
const modules = new Map();

for await (const line of createInterface({ input: process.stdin })) {
  const call = JSON.parse(line, revive);
  if (!modules.has(call.file)) {
    const { module } = await runnerImport(new URL(`src/app/${call.file}`, ui).pathname, { root: ui.pathname, configFile: false, logLevel: "error" });
    modules.set(call.file, module);
  }
  console.log(JSON.stringify(modules.get(call.file)[call.function](...call.arguments), keep));
}
