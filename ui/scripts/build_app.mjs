// Builds dist/app/: the page of `quern server` as compressed files and `manifest.txt`, which says what they are and
// from which CMake makes what the program holds. Fails if a page's first paint would be too heavy, or if the page
// holds what its policy (src/server/page/) forbids. Usage: node scripts/build_app.mjs [OUT]
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build, runnerImport } from "vite";
import { checkTypes } from "./types.mjs";

const ui = join(dirname(fileURLToPath(import.meta.url)), "..");
const out = resolve(process.argv[2] ?? join(ui, "dist", "app"));
/** Bytes of gzip that a browser needs before a page stands there. */
const FIRST_PAINT = 300_000;
const MIME = { ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
  ".html": "text/html; charset=utf-8", ".woff2": "font/woff2", ".png": "image/png" };

checkTypes(ui);
const built = await build({ root: ui, configFile: join(ui, "vite.app.config.ts"), logLevel: "warn", build: { write: false } });
const files = (Array.isArray(built) ? built.flatMap((b) => b.output) : built.output)
  .map((f) => ({ name: f.fileName, bytes: Buffer.from(f.code ?? f.source) }));
const chunks = JSON.parse(String(files.find((f) => f.name === ".vite/manifest.json").bytes));
const index = files.find((f) => f.name === "app.html");
const assets = files.filter((f) => f.name.startsWith("assets/")).sort((a, b) => (a.name < b.name ? -1 : 1));
const odd = files.filter((f) => f !== index && !assets.includes(f) && f.name !== ".vite/manifest.json");
if (odd.length > 0) throw new Error(`files beside assets/: ${odd.map((f) => f.name)}`);

// What runs first (boot.ts) asks for the rest of what every page needs; the browser knows it from the page already.
const entry = Object.keys(chunks).find((key) => chunks[key].isEntry);
const MAIN = "src/app/main.tsx";
const late = [...closureOf(MAIN)].map((key) => `/${chunks[key].file}`).filter((name) => !String(index.bytes).includes(name));
index.bytes = Buffer.from(String(index.bytes).replace("</head>", `${late.map((name) => `  <link rel="modulepreload" crossorigin href="${name}">\n  `).join("")}</head>`));

// The build's name is a digest of all that it holds: two builds of the same sources are the same page.
const digest = createHash("sha256").update(index.bytes);
for (const file of assets) digest.update(file.name).update(file.bytes);
const id = digest.digest("hex").slice(0, 16);
const html = String(index.bytes).replace("@QUERN_BUILD@", id);
if (!html.includes(`content="${id}"`)) throw new Error("the page has no place for the build's name");
if (/<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=/i.test(html)) throw new Error("the page has an inline script or style");
index.bytes = Buffer.from(html);

const gzipped = new Map(files.map((f) => [f.name, gzipSync(f.bytes, { level: 9 })]));
const { module } = await runnerImport(join(ui, "src/app/pages.ts"));
checkFirstPaint();

const beside = `${out}.${process.pid}`;
mkdirSync(beside, { recursive: true });
const lines = [`build ${id}`, ...module.PAGES.map((page) => `page ${page.path}`)];
for (const [at, file] of [index, ...assets].entries()) {
  const brotli = brotliCompressSync(file.bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_SIZE_HINT]: file.bytes.length } });
  const etag = createHash("sha256").update(file.bytes).digest("hex").slice(0, 16);
  writeFileSync(join(beside, `${at}.gz`), gzipped.get(file.name));
  writeFileSync(join(beside, `${at}.br`), brotli);
  const mime = MIME[extname(file.name)];
  if (!mime) throw new Error(`${file.name}: a kind of file that src/server/page/ does not know`);
  lines.push(`file ${at} ${file === index ? "/" : `/${file.name}`} ${etag} ${file.bytes.length} ${mime}`);
}
writeFileSync(join(beside, "manifest.txt"), `${lines.join("\n")}\n`);
mkdirSync(out, { recursive: true });
// The manifest last: who sees it finds what it names.
const written = readdirSync(beside).sort((a, b) => Number(a === "manifest.txt") - Number(b === "manifest.txt"));
for (const name of written) renameSync(join(beside, name), join(out, name));
rmSync(beside, { recursive: true });
for (const name of readdirSync(out)) if (!written.includes(name)) rmSync(join(out, name));

/** A chunk with all that it imports. */
function closureOf(key, seen = new Set()) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const next of chunks[key].imports ?? []) closureOf(next, seen);
  return seen;
}

/** Of each view of each page: what it loads before it is there, charts and other late parts left out. */
function checkFirstPaint() {
  const weight = (keys) => {
    const names = new Set(["app.html"]);
    for (const key of keys) [chunks[key].file, ...(chunks[key].css ?? [])].forEach((name) => names.add(name));
    return [...names].reduce((sum, name) => sum + gzipped.get(name).length, 0);
  };
  for (const key of chunks[entry].dynamicImports ?? []) {
    const bytes = weight([...closureOf(entry), ...closureOf(MAIN), ...closureOf(key)]);
    console.log(`${key}: ${(bytes / 1000).toFixed(0)} kB compressed before it is there`);
    if (bytes > FIRST_PAINT) throw new Error(`${key} needs ${bytes} bytes, at most ${FIRST_PAINT}`);
  }
}
