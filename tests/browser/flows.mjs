// What people do on the pages of the life cycle, by mouse and by keys, in a headless Chromium. Prints what they see as
// one line of JSON. Usage: node flows.mjs URL FLOW
import { createRequire } from "node:module";

const require = createRequire(new URL("../../ui/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const [base, flow] = process.argv.slice(2);

const browser = await chromium.launch({
  executablePath: process.env.QUERN_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const tab = await browser.newPage({ viewport: { width: 1280, height: 900 } });
const messages = [];
tab.on("console", (m) => ["error", "warning"].includes(m.type()) && messages.push(m.text()));
tab.on("pageerror", (e) => messages.push(String(e)));
const head = () => tab.textContent("h1");
const address = () => new URL(tab.url()).pathname + new URL(tab.url()).search;
const go = async (path) => { await tab.goto(base + path); await tab.waitForSelector(".page-head h1"); };
/** Waits until the head of the page is another one. */
const arrive = (text) => tab.waitForFunction((wanted) => document.querySelector("h1")?.textContent === wanted, text);
/** Clicks a box whose state stands in the address: it changes once the page is drawn again. */
const choose = async (label) => {
  const box = tab.getByLabel(label);
  await box.click();
  await box.and(tab.locator(":checked")).waitFor();
};

const FLOWS = {
  /** From the picture of the life cycle to each phase's page and back. */
  async home() {
    await go("/");
    await tab.waitForSelector(".cycle .phase-head b");
    const phases = await tab.$$eval(".cycle .phase-head b", (all) => all.map((b) => b.textContent));
    const heads = [];
    for (let at = 0; at < phases.length; at += 1) {
      const before = await head();
      await tab.locator(".cycle .phase > a").nth(at).click();
      await tab.waitForFunction((old) => document.querySelector("h1")?.textContent !== old, before);
      heads.push(await head());
      await tab.goBack();
      await arrive(before);
    }
    return { phases, heads };
  },
  /** Two versions picked and compared; from there to one version. */
  async compare() {
    await go("/models/heart");
    await choose("Compare version 1");
    await choose("Compare version 2");
    const picked = address();
    await tab.getByText("Compare 2 versions").click();
    await arrive("Versions of heart compared");
    await tab.waitForSelector("table tbody tr");
    const differing = await tab.$$eval("tbody tr", (rows) => rows.length);
    await choose("also what is the same");
    await tab.waitForFunction((few) => document.querySelectorAll("tbody tr").length > few, differing);
    const all = await tab.$$eval("tbody tr", (rows) => rows.length);
    const compared = address();
    await tab.getByRole("link", { name: "version 2" }).first().click();
    await arrive("heart version 2");
    return { picked, compared, differing, all, at: address() };
  },
  /** A batch is picked; its address brings it back. */
  async monitoring() {
    await go("/monitoring");
    await tab.waitForSelector(".drift-card");
    const first = await tab.textContent("#batch");
    await tab.getByRole("button", { name: "hungarian" }).click();
    await tab.waitForFunction(() => document.querySelector("#batch")?.textContent?.startsWith("hungarian"));
    const picked = address();
    await go(picked);
    await tab.waitForSelector(".drift-card");
    return { first, picked, again: await tab.textContent("#batch"), drift: await tab.locator(".drift-card").count(), decision: await tab.textContent("main") };
  },
  /** A box of the lineage by keys, then another, then back to all. */
  async lineage() {
    await go("/lineage");
    await tab.waitForSelector(".lineage [role=button]");
    const all = await tab.locator(".lineage [role=button]").count();
    await tab.getByRole("button", { name: "snapshot va" }).focus();
    await tab.keyboard.press("Enter");
    await tab.waitForFunction((many) => document.querySelectorAll(".lineage [role=button]").length < many, all);
    const around = await tab.locator(".lineage [role=button]").count();
    const at = address();
    await tab.getByRole("link", { name: "Its page" }).click();
    await arrive("va");
    await tab.goBack();
    await tab.getByRole("button", { name: "Back to all" }).click();
    await tab.waitForFunction((many) => document.querySelectorAll(".lineage [role=button]").length === many, all);
    await tab.getByRole("button", { name: "model version", exact: true }).click();
    await tab.waitForFunction((many) => document.querySelectorAll(".lineage [role=button]").length < many, all);
    return { all, around, at, kinds: await tab.$$eval(".lineage .kind", (texts) => [...new Set(texts.map((t) => t.textContent))]) };
  },
  /** A step of the pipeline with its gates; an evidence's link leads to it. */
  async pipeline() {
    await go("/requirements");
    await tab.getByRole("link", { name: "register", exact: true }).click();
    await arrive("Pipeline");
    await tab.waitForSelector(".flow-step[aria-pressed=true]");
    const gates = await tab.locator(".gate").count();
    await tab.locator(".flow-step", { hasText: "train" }).first().click();
    await tab.waitForFunction(() => document.querySelectorAll(".gate").length === 0);
    return { gates, at: address(), steps: await tab.locator(".flow-step").count() };
  },
  /** What another program does shows without a reload. */
  async live() {
    await go("/models");
    await tab.waitForFunction(() => !document.querySelector(".skeleton"));
    const before = await tab.textContent("main");
    const waits = tab.waitForRequest((r) => r.url().includes("/events") && r.url().includes("epoch="));
    await waits;
    const made = await tab.request.post(`${base}/api/2.0/mlflow/registered-models/create`, { data: { name: "<b>bold" } });
    await tab.getByText("<b>bold").waitFor();
    return { before, status: made.status(), after: await tab.textContent("main"), bold: await tab.locator("main b", { hasText: "bold" }).count() };
  },
  /** A release with its evidence, from the list. */
  async release() {
    await go("/serving");
    await tab.getByRole("link", { name: /v2 → v1/ }).click();
    await tab.waitForSelector(".log li");
    return { head: await head(), text: await tab.textContent("main") };
  },
};

const seen = await FLOWS[flow]();
await browser.close();
console.log(JSON.stringify({ ...seen, messages }));
