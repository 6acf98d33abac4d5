// What people do on the page: each flow gets a browser and gives what it saw.
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { overflow } from "./browser.mjs";

const names = (tab) => tab.$$eval(".vtable tbody .run-name a", (all) => all.map((a) => a.textContent));
const foot = (tab) => tab.textContent(".vtable-foot");
const search = (tab) => Object.fromEntries(new URL(tab.url()).searchParams);
const banner = (tab) => tab.$$eval(".banner", (all) => all.map((b) => b.textContent));

/** What was asked for is drawn: nobody types faster than that. */
const drawn = (tab) => tab.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));

async function press(tab, ...keys) {
  for (const key of keys) {
    await tab.keyboard.press(key);
    await drawn(tab);
  }
}

/** A key a frame, which is faster than rows take the focus: each counts all the same. */
const hurry = (tab, ...keys) => tab.evaluate(async (all) => {
  for (const key of all) {
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    await new Promise(requestAnimationFrame);
  }
}, keys);

/** The head of the page is another one: the address changes before the page that it asks for is drawn. */
const leave = (tab, head) => tab.waitForFunction((before) => document.querySelector("h1")?.textContent.trim() !== before, head);

/** A box whose state stands in the address: it changes once the page is drawn again. */
async function toggle(tab, label, on) {
  await tab.click(`${label} input`);
  await tab.waitForSelector(`${label} input${on ? ":checked" : ":not(:checked)"}`);
}

async function filter(tab, text, settle) {
  await tab.fill("[role=combobox]", text);
  await tab.press("[role=combobox]", "Enter");
  // The page has it once it offers to take it away again.
  await tab.waitForSelector(text ? ".filter button:has-text('Clear')" : ".filter button", { state: text ? "visible" : "detached" });
  await settle(tab);
}

export const flows = {
  /** A page as it stands, in one width and one theme. */
  async look({ open, violations, args }) {
    const tab = await open(args.path, args);
    const text = await tab.innerText("main");
    return {
      headline: (await tab.textContent("h1")).trim(), title: await tab.title(), violations: await violations(tab), text,
      overflow: await overflow(tab),
      alerts: await tab.$$eval("main [role=alert]", (all) => all.map((e) => e.textContent)),
      charts: await tab.$$eval(".chart svg", (all) => all.length),
    };
  },

  /** Pictures of pages, as WebP: {path, click, file}; `click` is the button of a dialog that is open in it. */
  async pictures({ open, settle, args }) {
    for (const { path, click, file } of args.pages) {
      const tab = await open(path, args);
      if (click) {
        await tab.getByRole("button", { name: click }).first().click();
        await tab.waitForSelector("dialog[open]");
      }
      await settle(tab);
      await tab.quiet();
      // Playwright itself knows no WebP.
      const devtools = await tab.context().newCDPSession(tab);
      const { data } = await devtools.send("Page.captureScreenshot", { format: "webp", quality: 72 });
      writeFileSync(file, Buffer.from(data, "base64"));
      await tab.context().close();
    }
    return {};
  },

  /** `/` goes to the filter, words are offered and taken by keyboard, the server's answer is shown. */
  async filter({ open, settle, args }) {
    const tab = await open(`/experiments/${args.experiment}`);
    await press(tab, "/");
    await tab.waitForSelector("[role=combobox]:focus");
    await tab.keyboard.type("metrics.au");
    await tab.waitForSelector("[role=option]");
    const keys = await tab.$$eval("[role=option]", (all) => all.map((e) => e.querySelector("code").textContent));
    await press(tab, "ArrowDown", "Enter");
    await tab.keyboard.type("> 0.85 AND params.model = ");
    await tab.waitForSelector(`[role=option] code:has-text("'")`);
    const values = await tab.$$eval("[role=option]", (all) => all.map((e) => e.querySelector("code").textContent));
    await tab.keyboard.type("'boosting'");
    await drawn(tab);
    await press(tab, "Escape", "Enter");
    await tab.waitForSelector(".filter button:has-text('Clear')");
    await settle(tab);
    const found = { keys, values, names: await names(tab), foot: await foot(tab), applied: search(tab).filter };
    await filter(tab, "metrics.auc > 0.85 AND nonsense ~ 3", settle);
    await tab.waitForSelector(".filter-error");
    return { ...found, mark: await tab.textContent(".filter-error mark"), before: await tab.$eval(".filter-error pre", (e) => e.firstChild.textContent), words: await tab.textContent(".filter-error p") };
  },

  /** What is set is saved under a name, and another person takes it. */
  async views({ open, settle, args }) {
    const tab = await open(`/experiments/${args.experiment}`);
    await filter(tab, "metrics.auc > 0.85", settle);
    await tab.click(".vtable thead .order:has-text('auc')");
    await tab.click("button:has-text('Columns')");
    await toggle(tab, "label:has-text('log_loss')", false);
    await tab.keyboard.press("Escape");
    await tab.click("button:has-text('Views')");
    await tab.fill("[aria-label='Name of the view']", args.name);
    await tab.click(".popover button:has-text('Save')");
    await tab.waitForURL(/view=/);
    const other = await open(`/experiments/${args.experiment}`);
    await other.click("button:has-text('Views')");
    await other.click(`.popover .item:has-text(${JSON.stringify(args.name)})`);
    await other.waitForSelector(".filter button:has-text('Clear')");
    await settle(other);
    return { saved: search(tab), taken: search(other), heads: await other.$$eval(".vtable thead th bdi", (all) => all.map((e) => e.textContent)), names: await names(other) };
  },

  /** Groups, children, pins; a reload and the way back keep them. */
  async order({ open, settle, args }) {
    const tab = await open(`/experiments/${args.experiment}`);
    const top = await names(tab);
    await tab.click("[aria-label='12 runs below search']");
    await tab.waitForSelector("a:has-text('search-11')");
    const nested = await names(tab);
    await hurry(tab, "j", "j", "p");
    await tab.waitForSelector(".is-pinned");
    await tab.reload();
    await settle(tab);
    await tab.waitForSelector(".is-pinned");
    const pinned = await tab.$$eval(".is-pinned a", (all) => all.map((a) => a.textContent));
    // What runs can be grouped by is known with the columns.
    await tab.waitForSelector(".vtable thead th:nth-child(5)");
    await tab.click(".toolbar button:has-text('Group')");
    await tab.click(".popover .item:has(bdi:text-is('model'))");
    await tab.waitForSelector(".is-group");
    const groups = await tab.$$eval(".is-group .run-name", (all) => all.map((e) => e.textContent.trim()));
    await tab.goBack();
    await tab.waitForFunction(() => !document.querySelector(".is-group"));
    return { top, nested, pinned, groups, after: search(tab) };
  },

  /** Two runs by keyboard: tagged, deleted, found among the deleted, restored. */
  async bulk({ open, settle, args }) {
    const tab = await open(`/experiments/${args.experiment}`);
    await press(tab, "j", "x", "j", "x");
    const chosen = await tab.textContent(".bulk b");
    await tab.click(".bulk button:has-text('Tag')");
    await tab.fill("dialog input", "reviewed");
    await tab.fill("dialog textarea", "yes");
    await tab.click("dialog button:has-text('Set')");
    await tab.waitForSelector(".bulk", { state: "detached" });
    await filter(tab, "tags.reviewed = 'yes'", settle);
    const tagged = await names(tab);
    await tab.click("[aria-label='Choose all runs that are loaded']");
    await tab.click(".bulk button:has-text('Delete')");
    await tab.click("dialog button:has-text('Delete')");
    await tab.waitForSelector("h2:has-text('No run matches')");
    await tab.click(".toolbar button:text-is('Deleted')");
    await tab.waitForSelector(".vtable");
    const deleted = await names(tab);
    await tab.click("[aria-label='Choose all runs that are loaded']");
    await tab.click(".bulk button:has-text('Restore')");
    await tab.waitForSelector("h2:has-text('No run matches')");
    await tab.click(".toolbar button:text-is('Active')");
    await tab.waitForSelector(".vtable");
    return { chosen, tagged, deleted, restored: await names(tab) };
  },

  /** The server refuses one run of many: no other is begun, and its words stay in sight. */
  async refusal({ open, args }) {
    const tab = await open(`/experiments/${args.experiment}`);
    let asked = 0;
    await tab.route("**/runs/set-tag", async (route) => {
      asked += 1;
      if (asked === 2) await route.fulfill({ status: 403, json: { error_code: "PERMISSION_DENIED", message: "not this one" } });
      else await route.continue();
    });
    await tab.click("[aria-label='Choose all runs that are loaded']");
    await tab.click(".bulk button:has-text('Tag')");
    await tab.fill("dialog input", "reviewed");
    await tab.click("dialog button:has-text('Set')");
    await tab.waitForSelector("[role=alert]:has-text('not this one')");
    await tab.quiet();
    return { asked, chosen: await tab.textContent(".bulk b"), alerts: await tab.$$eval("main [role=alert]", (all) => all.map((e) => e.textContent)) };
  },

  /** Two runs side by side: what differs, then all, then as charts. */
  async compare({ open, settle, args }) {
    const tab = await open(`/experiments/${args.experiment}`);
    await press(tab, "j", "j", "x", "j", "x");
    await tab.click(".bulk button:has-text('Compare')");
    await tab.waitForURL(/compare/);
    await settle(tab);
    const keys = () => tab.$$eval(".compare tbody th[scope=row]", (all) => all.map((e) => e.textContent));
    await tab.waitForSelector(".compare");
    const different = await keys();
    await toggle(tab, "label:has-text('Only what differs')", false);
    await tab.waitForFunction((few) => document.querySelectorAll(".compare tbody th[scope=row]").length > few, different.length);
    const all = await keys();
    await tab.click("button:text-is('Charts')");
    // What is far below is drawn when one comes near.
    for (const part of ["Parallel coordinates", "Scatter"]) {
      await (await tab.waitForSelector(`section[aria-label='${part}']`)).evaluate((e) => e.scrollIntoView());
      await tab.waitForSelector(`[aria-label='${part}'] .chart svg`);
    }
    return { different, all };
  },

  /** All runs that the filter finds, as a file. */
  async csv({ open, settle, args }) {
    const tab = await open(`/experiments/${args.experiment}`);
    if (args.filter) await filter(tab, args.filter, settle);
    const [download] = await Promise.all([tab.waitForEvent("download"), tab.click("button:has-text('CSV')")]);
    return { name: download.suggestedFilename(), csv: readFileSync(await download.path(), "utf8") };
  },

  async notes({ open, args }) {
    const tab = await open(`/experiments/${args.experiment}/runs/${args.run}`);
    await tab.click("button:has-text('Write notes')");
    await tab.fill("[aria-label='Notes, in Markdown']", args.text);
    await tab.click("dialog button:text-is('Read')");
    const preview = await tab.innerText(".note-preview");
    await tab.click("dialog button:text-is('Save')");
    await tab.waitForSelector(".notes .markdown");
    return { preview, html: await tab.$eval(".notes .markdown", (e) => e.innerHTML), links: await tab.$$eval(".notes .markdown a", (all) => all.map((a) => a.href)) };
  },

  /** What each viewer makes of a file. */
  async artifacts({ open, settle, args }) {
    const tab = await open(`/experiments/${args.experiment}/runs/${args.run}?tab=artifacts`);
    const shown = {};
    for (const path of args.paths) {
      await tab.click(`.tree .node:has-text(${JSON.stringify(path.split("/").at(-1))})`);
      await tab.waitForFunction((p) => document.querySelector(".viewer h3")?.textContent === p, path);
      await settle(tab);
      await tab.waitForFunction(() => { const p = document.querySelector(".viewer .picture"); return !p || p.complete; });
      const frame = await tab.$(".viewer iframe");
      const inside = frame && await frame.contentFrame();
      if (inside) await inside.waitForSelector("body");
      shown[path] = {
        text: inside ? await inside.evaluate(() => document.body.innerText).catch(() => null) : await tab.innerText(".viewer"),
        width: await tab.$eval(".viewer .picture", (e) => e.naturalWidth).catch(() => 0),
        sandbox: frame ? await frame.getAttribute("sandbox") : null,
        color: inside ? await inside.evaluate(() => getComputedStyle(document.querySelector("h1")).color).catch(() => null) : null,
      };
    }
    return { shown, title: await tab.title() };
  },

  /** From a run to the signature of the model that it logged. */
  async model({ open, settle, args }) {
    const tab = await open(`/experiments/${args.experiment}/runs/${args.run}`);
    // The models and the versions come from two calls.
    await tab.waitForFunction(() => document.querySelectorAll(".things li").length === 3);
    const things = await tab.$$eval(".things li", (all) => all.map((e) => e.textContent));
    await tab.click(".things a[title]");
    await tab.waitForSelector(".signature");
    await settle(tab);
    return { things, files: await tab.$$eval(".tree .node bdi", (all) => all.map((e) => e.textContent)), columns: await tab.$$eval(".signature th[scope=row]", (all) => all.map((e) => e.textContent)) };
  },

  /** Dragging over a chart asks the server for what lies there. */
  async zoom({ open, args }) {
    const tab = await open(`/experiments/${args.experiment}/runs/${args.run}?tab=charts`);
    const card = tab.locator(".chart-card", { hasText: "train/loss" });
    await card.scrollIntoViewIfNeeded();
    await card.locator("svg path").first().waitFor();
    const box = await card.locator(".zoomable").boundingBox();
    const asked = tab.waitForRequest((r) => /metrics\/columns.*[?&]first=/.test(r.url()));
    await tab.mouse.move(box.x + box.width * 0.4, box.y + 100);
    await tab.mouse.down();
    await tab.mouse.move(box.x + box.width * 0.6, box.y + 110, { steps: 5 });
    await tab.mouse.up();
    const request = new URL((await asked).url()).searchParams;
    const zoomed = search(tab);
    await tab.click("[aria-label='Show all steps']");
    const [picture] = await Promise.all([tab.waitForEvent("download"), download(tab, card, "Picture")]);
    const [data] = await Promise.all([tab.waitForEvent("download"), download(tab, card, "Data")]);
    return { steps: [request.get("first"), request.get("last")], zoomed, after: search(tab), svg: readFileSync(await picture.path(), "utf8"), csv: readFileSync(await data.path(), "utf8") };
  },

  /** Keys, the ways back, moments in the reader's zone and in UTC. */
  async keys({ open, settle, args }) {
    const tab = await open("/experiments");
    const local = await tab.textContent(".vtable time");
    await tab.keyboard.press("u");
    const utc = await tab.textContent(".vtable time");
    await tab.keyboard.press("?");
    const help = await tab.textContent("dialog h2");
    await tab.keyboard.press("Escape");
    await tab.keyboard.press("/");
    await tab.keyboard.type("heart");
    await tab.waitForURL(/search=heart/);
    await tab.waitForFunction(() => document.querySelectorAll(".vtable tbody tr[data-row]").length === 1);
    await tab.focus("main");
    await tab.keyboard.press("j");
    await tab.waitForFunction(() => document.activeElement?.matches("tr[data-row]"));
    await tab.keyboard.press("Enter");
    await tab.waitForURL(new RegExp(`/experiments/${args.experiment}$`));
    await leave(tab, "Experiments");
    await settle(tab);
    const inside = await tab.textContent("h1");
    await tab.goBack();
    await tab.waitForURL(/search=heart/);
    await leave(tab, inside);
    return { local, utc, help, inside, kept: await tab.inputValue("[data-search]"), open: await tab.$$eval("dialog", (all) => all.length) };
  },

  /** Light and dark by choice, kept for the next tab of the same person. */
  async theme({ open }) {
    const tab = await open("/experiments", { theme: "dark" });
    const theme = () => tab.evaluate(() => document.documentElement.dataset.theme);
    const before = await theme();
    await tab.click("[aria-label^='Colours']");
    const chosen = await theme();
    await tab.reload();
    await tab.waitForSelector("h1");
    return { before, chosen, kept: await theme() };
  },

  /** The server goes away and comes back. */
  async away({ url, open, args }) {
    const port = new URL(url).port;
    const start = async () => {
      const child = spawn(args.program, ["server", "--root", args.root, "--port", port], { stdio: "ignore" });
      for (;;) {
        try { if ((await fetch(`${url}/health`)).ok) return child; } catch { await new Promise((done) => { setTimeout(done, 50); }); }
      }
    };
    let server = await start();
    try {
      const tab = await open("/experiments");
      const before = await banner(tab);
      await new Promise((done) => { server.once("exit", done); server.kill("SIGTERM"); });
      await tab.fill("[data-search]", "x");
      await tab.waitForSelector(".banner");
      const gone = await banner(tab);
      server = await start();
      await tab.waitForSelector(".banner", { state: "detached" });
      await tab.waitForSelector("h2:has-text('No experiment has such a name')");
      return { before, gone, after: await banner(tab) };
    } finally {
      server.kill("SIGTERM");
    }
  },

  /** The server has another build of the page than this tab. */
  async stale({ open, settle }) {
    const tab = await open("/experiments");
    const before = await banner(tab);
    await tab.route("**/page.json", (route) => route.fulfill({ json: { build: "0123456789abcdef", version: "9" } }));
    await tab.evaluate(() => window.dispatchEvent(new Event("online")));
    await tab.waitForSelector(".banner");
    const said = await banner(tab);
    await tab.unroute("**/page.json");
    await Promise.all([tab.waitForEvent("load"), tab.click(".banner button")]);
    await settle(tab);
    await tab.quiet();
    return { before, said, after: await banner(tab) };
  },
};

async function download(tab, card, what) {
  await card.locator("button[aria-label^='Download']").click();
  await tab.click(`.popover .item:has-text('${what}')`);
}
