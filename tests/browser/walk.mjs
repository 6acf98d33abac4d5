// Opens pages of a server one after another in a headless Chromium, and prints what a test needs to know of each as
// one line of JSON. Usage: node walk.mjs URL WIDTH light|dark PICTURES|- PATH...
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(new URL("../../ui/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const [base, width, theme, pictures, ...paths] = process.argv.slice(2);

const browser = await chromium.launch({
  executablePath: process.env.QUERN_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const tab = await browser.newPage({ viewport: { width: Number(width), height: 900 }, colorScheme: theme });
let messages = [];
tab.on("console", (m) => ["error", "warning"].includes(m.type()) && messages.push(m.text()));
tab.on("pageerror", (e) => messages.push(String(e)));

const seen = [];
for (const path of paths) {
  messages = [];
  await tab.goto(base + path);
  await tab.waitForSelector(".page-head h1");
  await tab.waitForFunction(() => !document.querySelector(".skeleton"));
  await tab.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
  const page = { path, messages };
  page.headline = await tab.textContent("h1");
  page.current = await tab.$$eval(".nav ul a[aria-current=page]", (all) => all.map((a) => a.textContent));
  page.alerts = await tab.$$eval("[role=alert]", (all) => all.map((e) => e.textContent));
  page.commands = await tab.$$eval(".command pre", (all) => all.map((e) => e.textContent));
  page.text = await tab.$eval("main", (e) => e.innerText);
  page.overflow = await tab.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  await tab.evaluate(require("axe-core").source);
  const axe = await tab.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa"] }));
  page.violations = axe.violations.map((v) => ({ id: v.id, help: v.help, nodes: v.nodes.slice(0, 5).map((n) => n.html.slice(0, 160)) }));
  if (pictures !== "-") await tab.screenshot({ path: join(pictures, `${path.split("?")[0].replaceAll("/", "_")}-${width}-${theme}.png`), fullPage: true });
  seen.push({ ...page, messages: [...messages] });
}
await browser.close();
console.log(JSON.stringify(seen));
