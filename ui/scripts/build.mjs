// Builds dist/report.html: the page as one file without any outside reference, the template into which
// `quern report` writes its document. Usage: node scripts/build.mjs [OUT]
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { checkTypes } from "./types.mjs";

const ui = join(dirname(fileURLToPath(import.meta.url)), "..");
const out = resolve(process.argv[2] ?? join(ui, "dist", "report.html"));
const PLACE = '"@QUERN_DOCUMENT@"';

checkTypes(ui);

const built = await build({ root: ui, logLevel: "warn", build: { write: false } });
const files = Array.isArray(built) ? built.flatMap((b) => b.output) : built.output;
const text = (suffix) => files.filter((f) => f.fileName.endsWith(suffix)).map((f) => String(f.code ?? f.source));
const [scripts, styles, pages] = [text(".js"), text(".css"), text(".html")];
if (scripts.length !== 1 || styles.length !== 1 || pages.length !== 1) {
  throw new Error(`expected one script, one style sheet and one page: ${files.map((f) => f.fileName)}`);
}

const script = scripts[0].replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
const page = pages[0]
  .replace(/<script type="module"[^>]*><\/script>\s*/, "")
  .replace(/<link rel="stylesheet"[^>]*>/, () => `<style>${styles[0]}</style>`)
  .replace("</body>", () => `<script type="module">${script}</script>\n  </body>`);

// Nothing may be fetched; the page's own policy (default-src 'none') says the same to the browser.
const shell = page.replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, "");
for (const [part, pattern] of [
  [shell, /\b(?:src|href)\s*=/i],
  [styles[0], /@import|url\(\s*(?!["']?(?:data:|#))/i],
  [script, /\bimport\s*\(|\bfetch\s*\(|XMLHttpRequest|WebSocket/],
]) {
  const outside = pattern.exec(part);
  if (outside) throw new Error(`the page refers to the outside: ${part.slice(outside.index, outside.index + 80)}`);
}
const places = page.split(PLACE).length - 1;
if (places !== 1) throw new Error(`the place of the document occurs ${places} times`);

// Beside and renamed: a build that reads the page at this moment sees the old one or the new one.
mkdirSync(dirname(out), { recursive: true });
const beside = `${out}.${process.pid}`;
writeFileSync(beside, page);
renameSync(beside, out);
console.log(`${out}: ${(Buffer.byteLength(page) / 1000).toFixed(0)} kB`);
