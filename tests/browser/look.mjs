// Opens one page in a headless Chromium and prints what a test needs to know as one line of JSON.
// Usage: node look.mjs PAGE.html WIDTH light|dark [PICTURE.png]
import { pathToFileURL } from "node:url";
import { bare, hear, launch, overflow, unfold, violations } from "./browser.mjs";

const [page, width, theme, picture] = process.argv.slice(2);

const browser = await launch();
const tab = await browser.newPage({ viewport: { width: Number(width), height: 900 }, colorScheme: theme });
const seen = { messages: [], requests: [] };
hear(tab, seen.messages);
tab.on("request", (r) => seen.requests.push(r.url()));
const url = pathToFileURL(page).href;
await tab.goto(url);
await tab.waitForSelector(".page");

seen.sections = await tab.$$eval("section.section", (all) => all.map((s) => s.id));
seen.alerts = await tab.$$eval("[role=alert]", (all) => all.map((e) => e.textContent));
seen.charts = await tab.$$eval(".chart svg", (all) => all.length);
seen.empty = await tab.$$eval(".empty", (all) => all.map((e) => e.textContent));
seen.headline = await tab.$eval("h1", (e) => e.textContent);
await unfold(tab);
await tab.waitForTimeout(200);
seen.text = await tab.$eval(".page", (e) => e.innerText);
seen.overflow = await overflow(tab);
// A box of the lineage picture holds its texts.
seen.outside = await tab.$$eval(".lineage g", (boxes) => boxes.flatMap((box) => {
  const edge = box.querySelector("rect.node").getBoundingClientRect().right;
  return [...box.querySelectorAll("text")].filter((t) => t.getBoundingClientRect().right > edge).map((t) => t.textContent);
}));
// 0.000922 has three digits that count, 253.39999999999998 has seventeen.
seen.long = (seen.text.match(/\d+\.\d{6,}/g) ?? [])
  .filter((text) => text.replace(".", "").replace(/^0+/, "").length > 5);
seen.bare = await bare(tab, ".page");
seen.violations = await violations(tab);
seen.explorer = await explore(tab);
seen.toggled = await toggle(tab);
seen.requests = seen.requests.filter((r) => r !== url && !r.startsWith("data:"));
if (picture) await tab.screenshot({ path: picture, fullPage: true });
await browser.close();
console.log(JSON.stringify(seen));

/** The threshold slider by keyboard: the sentence before and after. */
async function explore(tab) {
  const slider = tab.locator(".explorer input[type=range]");
  if ((await slider.count()) === 0) return null;
  const sentence = tab.locator(".outcome p");
  const before = await sentence.textContent();
  await slider.focus();
  for (let i = 0; i < 30; i += 1) await tab.keyboard.press("ArrowRight");
  return { before, after: await sentence.textContent() };
}

async function toggle(tab) {
  const theme = () => tab.evaluate(() => document.documentElement.dataset.theme);
  const before = await theme();
  await tab.click(".nav-tools button");
  return [before, await theme()];
}
