// Tables, charts and logs as files, and the colour of a run.
import { readFileSync } from "node:fs";
import { bare, unfold } from "./browser.mjs";

/** What a click gives as a file. */
async function file(tab, click) {
  const [download] = await Promise.all([tab.waitForEvent("download"), click]);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
}

export const savedFlows = {
  /** All tables of pages as files, and what cannot be had. */
  async saved({ open, args }) {
    const pages = {};
    for (const path of args.paths) {
      const tab = await open(path);
      await tab.waitForFunction(() => !document.querySelector(".skeleton"));
      await unfold(tab);
      const files = {};
      for (const button of await tab.locator("main .save-table button").all()) {
        const { name, text } = await file(tab, button.click());
        files[name] = text;
      }
      pages[path] = { bare: await bare(tab, "main"), files, charts: await tab.locator("main [aria-label^='Download']").count() };
      await tab.context().close();
    }
    return { pages };
  },
  /** One drawing of a page: its picture and its data. */
  async savedChart({ open, args }) {
    const tab = await open(args.path);
    const get = async (what) => {
      await tab.locator(`main [aria-label='Download ${args.title}']`).first().click();
      return file(tab, tab.locator(`.popover button:has-text('${what}')`).click());
    };
    return { data: await get("Data"), ...(args.picture ? { picture: await get("Picture") } : {}) };
  },
  /** The log of a model from its newest change to its first. */
  async wholeLog({ open, args }) {
    const tab = await open(`/models/${args.name}`);
    const count = () => tab.locator("ol.log li:not(.muted)").count();
    const counts = [await count()];
    for (let more = tab.locator("ol.log li.muted button"); await more.count() > 0;) {
      const before = await count();
      await more.click();
      await tab.waitForFunction((old) => document.querySelectorAll("ol.log li:not(.muted)").length > old, before);
      counts.push(await count());
    }
    const rest = await tab.locator("ol.log li.muted").allInnerTexts();
    return { counts, rest, csv: (await file(tab, tab.getByRole("button", { name: "CSV of changes of" }).click())).text };
  },
  /** The colour of one run, of several, and their own again. */
  async colour({ open, violations, args }) {
    const tab = await open(`/experiments/${args.experiment}/runs/${args.runs[0]}`);
    const dot = (page) => page.locator("main .swatch-dot").first().evaluate((e) => getComputedStyle(e).color);
    const own = await dot(tab);
    await tab.getByRole("button", { name: "Colour", exact: true }).click();
    await tab.locator("dialog input[type=color]").fill("#102030");
    const seen = await violations(tab);
    await tab.locator("dialog").getByRole("button", { name: "Set", exact: true }).click();
    await tab.waitForFunction(() => getComputedStyle(document.querySelector("main .swatch-dot")).color === "rgb(16, 32, 48)");
    const list = await open(`/experiments/${args.experiment}`);
    const colors = () => list.locator(".vtable .swatch-dot").evaluateAll((all) => all.map((e) => getComputedStyle(e).color));
    const chosen = await colors();
    for (const box of await list.locator(".vtable tbody input[type=checkbox]").all()) await box.click();
    const order = async (does) => {
      await list.getByRole("button", { name: "Colour", exact: true }).click();
      if (does === "Set") await list.locator("dialog input[type=color]").fill("#a0b0c0");
      await list.locator("dialog").getByRole("button", { name: does, exact: true }).click();
      await list.waitForSelector(".bulk", { state: "detached" });
    };
    await order("Set");
    await list.waitForFunction((n) => [...document.querySelectorAll(".vtable .swatch-dot")].filter((e) => getComputedStyle(e).color === "rgb(160, 176, 192)").length === n, args.runs.length);
    await list.locator(".vtable tbody input[type=checkbox]").first().click();
    await list.locator(".vtable tbody input[type=checkbox]").nth(1).click();
    await order("As it was at first");
    await list.waitForFunction((n) => [...document.querySelectorAll(".vtable .swatch-dot")].filter((e) => getComputedStyle(e).color === "rgb(160, 176, 192)").length === n, args.runs.length - 2);
    return { own, chosen, after: await colors(), violations: seen };
  },
};
