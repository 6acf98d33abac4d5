// Tables of any length, and pages that are told of changes without end.
import { heap } from "./browser.mjs";

const foot = (tab) => tab.textContent(".vtable-foot");

export const enduranceFlows = {
  /** 100 rows in the page, whatever the table holds. */
  async scroll({ open, args }) {
    const tab = await open(`/experiments/${args.experiment}`);
    let most = 0;
    for (let turn = 0; turn < 200; turn += 1) {
      most = Math.max(most, await tab.$$eval(".vtable tbody tr", (all) => all.length));
      const text = await foot(tab);
      if (text.replaceAll("\u2009", "").startsWith(`${args.runs} of `)) break;
      await tab.$eval(".vtable", (e) => { e.scrollTop = e.scrollHeight; });
      await tab.waitForFunction((before) => document.querySelector(".vtable-foot").textContent !== before, text);
    }
    await tab.waitForFunction((last) => {
      const table = document.querySelector(".vtable");
      table.scrollTop = table.scrollHeight;
      return [...table.querySelectorAll("tbody a")].some((a) => a.textContent === last);
    }, args.last);
    return { most, foot: await foot(tab) };
  },

  /** What a change elsewhere makes a long table ask for: first with its first page alone, then with more. */
  async long({ open, args, url }) {
    const tab = await open(`/experiments/${args.experiment}`);
    await tab.quiet();
    const searched = [];
    const bodyOf = (r) => (r.url().endsWith("/runs/search") ? r.postDataJSON() : {});
    tab.on("request", (r) => {
      const body = bodyOf(r);
      if (body.fields && !body.filter) searched.push(body.page_token ? "later" : "first");
    });
    /** A client changes a run; gives what the page asked for then. That children are counted again shows that it was told. */
    const change = async (value) => {
      searched.length = 0;
      const counted = tab.waitForRequest((r) => bodyOf(r).filter?.includes("parentRunId"));
      await tab.request.post(`${url}/api/2.0/mlflow/runs/set-tag`, { data: { run_id: args.run, key: "seen", value } });
      await counted;
      await tab.quiet();
      return [...searched];
    };
    const short = await change("1");
    await tab.$eval(".vtable", (e) => { e.scrollTop = e.scrollHeight; });
    await tab.waitForFunction((before) => document.querySelector(".vtable-foot").textContent !== before, await foot(tab));
    await tab.quiet();
    return { short, long: await change("2") };
  },

  /** A page is told of changes without end: what it keeps alive before and after `updates` of them. */
  async memory({ open, args, url }) {
    const tab = await open(args.path);
    let step = 0;
    let asked = 0;
    tab.on("request", (r) => { if (r.url().includes(args.asks)) asked += 1; });
    /** A client logs, and the page asks for what changed. */
    const update = async () => {
      step += 1;
      const told = tab.waitForResponse((r) => r.url().includes(args.asks));
      await tab.request.post(`${url}/api/2.0/mlflow/runs/log-metric`, { data: { run_id: args.run, key: "live", value: step, timestamp: 1_764_000_000_000 + step * 1000, step } });
      await told;
    };
    for (let n = 0; n < args.warm; n += 1) await update();
    await tab.quiet();
    const before = await heap(tab);
    asked = 0;
    for (let n = 0; n < args.updates; n += 1) await update();
    await tab.quiet();
    return { before, after: await heap(tab), asked };
  },
};
