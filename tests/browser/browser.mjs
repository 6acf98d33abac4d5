// The headless Chromium of all these tests, what a tab said, and what axe finds wrong with it.
import { createRequire } from "node:module";

const require = createRequire(new URL("../../ui/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const axe = require("axe-core").source;

// Chromium draws the list below its address bar as two pages of its own, one renderer each, in every window, headless too: they
// take one of two cores for a second or more, from the page that is looked at. The others are those that Playwright switches off,
// as a list given here replaces its own.
const OFF = [
  "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "AimEnabled", "AvoidCorsURLLoaderRestartOnRedirect",
  "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades", "LensOverlay",
  "MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding", "PreconnectToSearch", "ThirdPartyStoragePartitioning",
];

export function launch(...options) {
  return chromium.launch({
    executablePath: process.env.QUERN_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", `--disable-features=${OFF.join(",")}`, ...options],
  });
}

/** Keeps errors and warnings of a tab in `messages`. */
export function hear(tab, messages) {
  tab.on("console", (m) => ["error", "warning"].includes(m.type()) && messages.push(m.text()));
  tab.on("pageerror", (e) => messages.push(String(e)));
}

/** What axe finds wrong with a page as it stands; what its frames show is looked at by `framed`. */
export async function violations(tab) {
  await tab.evaluate(axe);
  const found = await tab.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa"], iframes: false }));
  return found.violations.map((v) => ({ id: v.id, help: v.help, nodes: v.nodes.slice(0, 5).map((n) => n.html.slice(0, 160)) }));
}

/** The same of what a frame shows. As axe needs scripts, which frames with strangers' content do not run, it looks at the
 *  content of the frame in a tab as wide as the frame. */
export async function framed(tab, selector) {
  const frame = await tab.locator(selector).elementHandle();
  const { width, height } = await frame.boundingBox();
  const own = await tab.context().newPage();
  await own.setViewportSize({ width: Math.round(width), height: Math.round(height) });
  await own.setContent(await (await frame.contentFrame()).content());
  const found = await violations(own);
  await own.close();
  return found;
}

/** By how much a page is wider than its window. */
export const overflow = (tab) => tab.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

/** Everything that a reader can unfold counts as part of a page. */
export const unfold = (tab) => tab.evaluate(() => document.querySelectorAll("details").forEach((d) => { d.open = true; }));

/** Tables without a file of their own, and drawings in whose frame none is offered. Runs have theirs above the table, files are files. */
export const bare = (tab, within) => tab.evaluate((root) => {
  const all = (selectors) => [...document.querySelectorAll(selectors.map((one) => `${root} ${one}`).join(", "))].filter((e) => e.checkVisibility());
  const tables = all(["table"]).filter((e) => !e.closest(".markdown, .diff, .vtable[aria-label='Runs'], .vtable[aria-label='Rows of the file']")
    && !e.closest(".table-frame, .vtable")?.querySelector(".save-table button"));
  const drawings = all(["svg[role]", ".chart svg", ".paired", "ul.intervals"]).filter((e) => !e.closest("td, th")
    && !e.closest(".table-frame, .chart-frame, .drift-card, .chart-card, .panel, section")?.querySelector(".save-table button, [aria-label^='Download']"));
  return [...tables, ...drawings].map((e) => e.closest("[aria-label]")?.getAttribute("aria-label") ?? e.outerHTML.slice(0, 120));
}, within);

/** Megabytes of JavaScript that a tab keeps alive. */
export async function heap(tab) {
  const devtools = await tab.context().newCDPSession(tab);
  await devtools.send("HeapProfiler.collectGarbage");
  await devtools.send("Performance.enable");
  const { metrics } = await devtools.send("Performance.getMetrics");
  await devtools.detach();
  return metrics.find((one) => one.name === "JSHeapUsedSize").value / 1e6;
}

/** What the browser of a tab shows beside pages: windows of its own, which would take time from them. */
export async function windows(tab) {
  const devtools = await tab.context().browser().newBrowserCDPSession();
  const { targetInfos } = await devtools.send("Target.getTargets", { filter: [{}] });
  await devtools.detach();
  return targetInfos.filter((one) => !["page", "tab", "browser"].includes(one.type)).map((one) => `${one.type} ${one.url}`);
}
