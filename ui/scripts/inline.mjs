// Folds vite's output into one page without any outside reference: dist/report.html, the template into
// which `quern report` writes its document.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const dist = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");
const built = join(dist, "assets");
let page = readFileSync(join(built, "report.html"), "utf8");
const files = readdirSync(join(built, "assets"));
const read = (suffix) =>
  files.filter((name) => name.endsWith(suffix)).map((name) => readFileSync(join(built, "assets", name), "utf8"));

const scripts = read(".js");
const styles = read(".css");
if (scripts.length !== 1 || styles.length !== 1) throw new Error(`expected one script and one style sheet: ${files}`);
const script = scripts[0].replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
page = page
  .replace(/<script type="module"[^>]*><\/script>\s*/, "")
  .replace(/<link rel="stylesheet"[^>]*>/, () => `<style>${styles[0]}</style>`)
  .replace("</body>", () => `<script type="module">${script}</script>\n  </body>`);

// Nothing may be fetched; the page's own policy (default-src 'none') says the same to the browser.
const shell = page.replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, "");
for (const [text, pattern] of [
  [shell, /\b(?:src|href)\s*=/i],
  [styles[0], /@import|url\(\s*(?!["']?(?:data:|#))/i],
  [script, /\bimport\s*\(|\bfetch\s*\(|XMLHttpRequest|WebSocket/],
]) {
  const outside = pattern.exec(text);
  if (outside) throw new Error(`the page refers to the outside: ${text.slice(outside.index, outside.index + 80)}`);
}
const places = page.split('"@QUERN_DOCUMENT@"').length - 1;
if (places !== 1) throw new Error(`the place of the document occurs ${places} times`);
writeFileSync(join(dist, "report.html"), page);
console.log(`dist/report.html: ${(page.length / 1000).toFixed(0)} kB`);
