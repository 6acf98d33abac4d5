// One flow through the page of `quern server` in a headless Chromium; prints what a test needs to know as JSON.
// Usage: node page.mjs FLOW URL '{"argument": …}'
import { hear, launch, violations } from "./browser.mjs";
import { costFlows } from "./cost_flows.mjs";
import { dataFlows } from "./data_flows.mjs";
import { enduranceFlows } from "./endurance_flows.mjs";
import { lifeCycleFlows } from "./life_cycle_flows.mjs";
import { orderFlows } from "./order_flows.mjs";
import { flows as pageFlows } from "./page_flows.mjs";
import { registryFlows } from "./registry_flows.mjs";
import { savedFlows } from "./saved_flows.mjs";

const flows = { ...pageFlows, ...registryFlows, ...orderFlows, ...dataFlows, ...lifeCycleFlows, ...enduranceFlows, ...savedFlows, ...costFlows };
const [flow, url, text] = process.argv.slice(2);
const args = JSON.parse(text ?? "{}");

const browser = await launch();
const seen = { dialogs: 0, refused: [], outside: [] };
const tabs = [];

/** A tab of its own browser profile: what another person sees. */
async function open(path, options = {}) {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1440, height: options.height ?? 900 }, colorScheme: options.theme ?? "light",
    timezoneId: "Asia/Kolkata", acceptDownloads: true,
  });
  context.setDefaultTimeout(60_000);
  const tab = await context.newPage();
  tab.messages = [];
  hear(tab, tab.messages);
  tabs.push(tab);
  tab.on("dialog", (d) => { seen.dialogs += 1; void d.dismiss(); });
  tab.on("response", (r) => r.status() >= 400 && seen.refused.push(`${r.status()} ${new URL(r.url()).pathname}`));
  tab.on("request", (r) => !/^(data|blob):/.test(r.url()) && new URL(r.url()).origin !== new URL(url).origin && seen.outside.push(r.url()));
  tab.asked = [];
  tab.on("request", (r) => tab.asked.push(r.url()));
  tab.quiet = quietOf(tab);
  await tab.goto(url + path);
  await settle(tab);
  return tab;
}

/** Waits until nothing was asked of the server for a moment; the request that waits for changes always waits. */
function quietOf(tab) {
  const asked = new Set();
  let last = Date.now();
  const end = (r) => { if (asked.delete(r)) last = Date.now(); };
  tab.on("request", (r) => { if (!r.url().includes("/quern/events")) { asked.add(r); last = Date.now(); } });
  tab.on("requestfinished", end);
  tab.on("requestfailed", end);
  return async () => {
    while (asked.size > 0 || Date.now() - last < 500) await new Promise((resolve) => { setTimeout(resolve, 20); });
  };
}

/** Waits until nothing in sight is still being loaded. */
async function settle(tab) {
  // The head of a page is empty until what it is called by is there.
  await tab.waitForFunction(() => document.querySelector("h1")?.textContent.trim());
  await tab.waitForFunction(() => !document.querySelector("main [aria-busy=true]") && ![...document.querySelectorAll(".skeleton, .chart-wait")].some((e) => e.checkVisibility({ contentVisibilityAuto: true }) && e.getBoundingClientRect().top < innerHeight));
}

try {
  Object.assign(seen, await flows[flow]({ open, settle, violations, url, args }));
} finally {
  await browser.close();
}
console.log(JSON.stringify({ ...seen, messages: tabs.flatMap((tab) => tab.messages) }));
