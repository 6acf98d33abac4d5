// What people do on the pages of the life cycle, by mouse and by keys: each flow gets a browser and gives what it saw.
import { join } from "node:path";
import { overflow, unfold } from "./browser.mjs";

const head = (tab) => tab.textContent("h1");
const address = (tab) => new URL(tab.url()).pathname + new URL(tab.url()).search;
/** Waits until the head of the page is another one. */
const arrive = (tab, text) => tab.waitForFunction((wanted) => document.querySelector("h1")?.textContent === wanted, text);
/** Clicks a box whose state stands in the address: it changes once the page is drawn again. */
const choose = async (tab, label) => {
  const box = tab.getByLabel(label);
  await box.click();
  await box.and(tab.locator(":checked")).waitFor();
};

export const lifeCycleFlows = {
  /** Pages one after another, with everything unfolded; `pictures` is a folder that keeps them. */
  async walk({ open, violations, args }) {
    const pages = [];
    for (const path of args.paths) {
      const tab = await open(path, args);
      await tab.waitForFunction(() => !document.querySelector(".skeleton"));
      await unfold(tab);
      pages.push({
        path, headline: await head(tab), text: await tab.innerText("main"), overflow: await overflow(tab),
        current: await tab.$$eval(".nav ul a[aria-current=page]", (all) => all.map((a) => a.textContent)),
        alerts: await tab.$$eval("[role=alert]", (all) => all.map((e) => e.textContent)),
        commands: await tab.$$eval(".command pre", (all) => all.map((e) => e.textContent)),
        violations: await violations(tab), messages: tab.messages,
      });
      if (args.pictures) await tab.screenshot({ path: join(args.pictures, `${path.split("?")[0].replaceAll("/", "_")}-${args.width}-${args.theme}.png`), fullPage: true });
      await tab.context().close();
    }
    return { pages };
  },
  /** From the picture of the life cycle to each phase's page and back. */
  async phases({ open }) {
    const tab = await open("/");
    await tab.waitForSelector(".cycle .phase-head b");
    const phases = await tab.$$eval(".cycle .phase-head b", (all) => all.map((b) => b.textContent));
    const heads = [];
    for (let at = 0; at < phases.length; at += 1) {
      const before = await head(tab);
      await tab.locator(".cycle .phase > a").nth(at).click();
      await tab.waitForFunction((old) => document.querySelector("h1")?.textContent !== old, before);
      heads.push(await head(tab));
      await tab.goBack();
      await arrive(tab, before);
    }
    return { phases, heads };
  },
  /** Where what must be done leads to. */
  async tasks({ open }) {
    const tab = await open("/");
    await tab.waitForSelector(".task-list a");
    return { links: await tab.$$eval(".task-list a", (all) => all.map((a) => a.getAttribute("href"))) };
  },
  /** Two versions picked and compared; from there to one version. */
  async pickVersions({ open }) {
    const tab = await open("/models/heart");
    await choose(tab, "Compare version 1");
    await choose(tab, "Compare version 2");
    const picked = address(tab);
    await tab.getByText("Compare 2 versions").click();
    await arrive(tab, "Versions of heart compared");
    await tab.waitForSelector("table tbody tr");
    const differing = await tab.$$eval("tbody tr", (rows) => rows.length);
    await choose(tab, "also what is the same");
    await tab.waitForFunction((few) => document.querySelectorAll("tbody tr").length > few, differing);
    const all = await tab.$$eval("tbody tr", (rows) => rows.length);
    const compared = address(tab);
    await tab.getByRole("link", { name: "version 2" }).first().click();
    await arrive(tab, "heart version 2");
    return { picked, compared, differing, all, at: address(tab) };
  },
  /** A batch is picked; its address brings it back. */
  async batch({ open }) {
    const tab = await open("/monitoring");
    await tab.waitForSelector(".drift-card");
    const first = await tab.textContent("#batch");
    await tab.getByRole("button", { name: "hungarian" }).click();
    await tab.waitForFunction(() => document.querySelector("#batch")?.textContent?.startsWith("hungarian"));
    const picked = address(tab);
    await tab.goto(new URL(picked, tab.url()).href);
    await tab.waitForSelector(".drift-card");
    return { first, picked, again: await tab.textContent("#batch"), drift: await tab.locator(".drift-card").count(), decision: await tab.textContent("main") };
  },
  /** A box of the lineage by keys, then another, then back to all. */
  async lineage({ open }) {
    const tab = await open("/lineage");
    await tab.waitForSelector(".lineage [role=button]");
    const all = await tab.locator(".lineage [role=button]").count();
    await tab.getByRole("button", { name: "snapshot va" }).focus();
    await tab.keyboard.press("Enter");
    await tab.waitForFunction((many) => document.querySelectorAll(".lineage [role=button]").length < many, all);
    const around = await tab.locator(".lineage [role=button]").count();
    const at = address(tab);
    const facts = await tab.innerText(".facts");
    // What it came from, and from there what that led to.
    await tab.locator(".facts button", { hasText: "processed.va.data" }).click();
    await tab.waitForFunction(() => document.querySelector(".facts code")?.textContent.startsWith("source:va"));
    const source = await tab.innerText(".facts");
    await tab.goBack();
    await tab.waitForFunction(() => document.querySelector(".facts code")?.textContent.startsWith("snapshot:va"));
    await tab.getByRole("link", { name: "Its page" }).click();
    await arrive(tab, "va");
    await tab.goBack();
    await tab.getByRole("button", { name: "Back to all" }).click();
    await tab.waitForFunction((many) => document.querySelectorAll(".lineage [role=button]").length === many, all);
    await tab.getByRole("button", { name: "model version", exact: true }).click();
    await tab.waitForFunction((many) => document.querySelectorAll(".lineage [role=button]").length < many, all);
    return { all, around, at, facts, source, kinds: await tab.$$eval(".lineage .kind", (texts) => [...new Set(texts.map((t) => t.textContent))]) };
  },
  /** A step of the pipeline with its gates; an evidence's link leads to it. */
  async evidence({ open }) {
    const tab = await open("/requirements");
    await tab.getByRole("link", { name: "register", exact: true }).click();
    await arrive(tab, "Pipeline");
    await tab.waitForSelector(".flow-step[aria-pressed=true]");
    const gates = await tab.locator(".gate").count();
    await tab.locator(".flow-step", { hasText: "train" }).first().click();
    await tab.waitForFunction(() => document.querySelectorAll(".gate").length === 0);
    return { gates, at: address(tab), steps: await tab.locator(".flow-step").count() };
  },
  /** What another program does shows without a reload. */
  async live({ open, url }) {
    const tab = await open("/models");
    await tab.waitForFunction(() => !document.querySelector(".skeleton"));
    const before = await tab.textContent("main");
    const waits = tab.waitForRequest((r) => r.url().includes("/events") && r.url().includes("epoch="));
    await waits;
    const made = await tab.request.post(`${url}/api/2.0/mlflow/registered-models/create`, { data: { name: "<b>bold" } });
    await tab.getByText("<b>bold").waitFor();
    return { before, status: made.status(), after: await tab.textContent("main"), bold: await tab.locator("main b", { hasText: "bold" }).count() };
  },
  /** A release with its evidence, from the list. */
  async releaseEvidence({ open }) {
    const tab = await open("/serving");
    await tab.getByRole("link", { name: /v2 → v1/ }).click();
    await tab.waitForSelector(".log li");
    return { head: await head(tab), text: await tab.textContent("main") };
  },
};
