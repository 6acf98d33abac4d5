// Fills the template with a sample document: node scripts/sample.mjs [NAME [OUT]].
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ui = join(dirname(fileURLToPath(import.meta.url)), "..");
const name = process.argv[2] ?? "report";
const out = process.argv[3] ?? join(ui, "dist", `sample-${name}.html`);
const document = readFileSync(join(ui, "sample", `${name}.json`), "utf8");
const escaped = document.replaceAll("<", "\\u003c").replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
const page = readFileSync(join(ui, "dist", "report.html"), "utf8");
writeFileSync(out, page.replace('"@QUERN_DOCUMENT@"', () => escaped.trim()));
console.log(out);
