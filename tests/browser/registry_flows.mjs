// What people decide on the pages of the registry: each flow gets a browser and gives what it saw.
import { framed } from "./browser.mjs";

const HOSTILE = "<img src=x onerror=alert(1)>";
const text = (tab, selector) => tab.$$eval(selector, (all) => all.map((e) => e.innerText.replace(/\s+/g, " ").trim()));
const said = (tab) => text(tab, ".said li");
const log = (tab) => text(tab, "ol.log li");
const gates = (tab) => text(tab, ".alias-gate li");
const dialog = (tab) => tab.innerText("dialog");

/** An order's dialog is opened, filled in and sent; it closes once the server has done it. */
async function give(tab, button, { name, fields = {}, choose, reason, does }) {
  await tab.getByRole("button", { name: button, exact: true }).click();
  await fill(tab, { name, fields, choose, reason });
  await tab.locator("dialog").getByRole("button", { name: does, exact: true }).click();
}

async function fill(tab, { name, fields = {}, choose, reason }) {
  await tab.waitForSelector("dialog[open]");
  if (name !== undefined) await tab.getByLabel("Your name").fill(name);
  for (const [label, value] of Object.entries(fields)) await tab.locator("dialog").getByLabel(label).fill(value);
  if (choose) await tab.locator("dialog").getByLabel(choose, { exact: true }).check();
  if (reason !== undefined) await tab.locator("dialog label:has-text('hy') textarea, dialog label:has-text('What was found') textarea").fill(reason);
}

const closed = (tab) => tab.waitForSelector("dialog", { state: "detached" });

export const registryFlows = {
  /** The author's own word does not count; another person's and a check open the gate, and the alias moves. */
  async approve({ open, violations, args }) {
    const tab = await open(args.path);
    await tab.waitForSelector(".alias-gate");
    const before = await gates(tab);
    await tab.getByRole("button", { name: "Approve", exact: true }).click();
    await tab.waitForSelector("dialog[open]");
    const asked = await dialog(tab);
    const inDialog = await violations(tab);
    const able = [await tab.isDisabled("dialog [type=submit]")];
    await fill(tab, { name: "ada", reason: "it is mine" });
    able.push(await tab.isDisabled("dialog [type=submit]"));
    await tab.locator("dialog [type=submit]").click();
    await closed(tab);
    await tab.waitForSelector(".said li:has-text('it is mine')");
    const own = await gates(tab);
    // Another person at the same browser.
    await tab.getByRole("button", { name: /Orders are recorded as ada/ }).click();
    await tab.getByLabel("Name", { exact: true }).fill("grace");
    await tab.getByRole("button", { name: "Keep" }).click();
    await closed(tab);
    const shown = await tab.innerText(".who");
    await give(tab, "Approve", { reason: "looked at the false alarms", does: "Approve" });
    await closed(tab);
    await tab.waitForSelector(".said li:has-text('false alarms')");
    await give(tab, "Record a check", { choose: "passed", reason: "gap of 0.01, report 12", does: "Record it" });
    await closed(tab);
    await tab.waitForSelector(".alias-gate:has-text('may have it') .gate-items:not(:has-text('missing'))");
    const after = await gates(tab);
    await give(tab, "Set an alias", { fields: { Alias: "champion" }, reason: "better on every group", does: "Set the alias" });
    await closed(tab);
    await tab.waitForSelector(".page-lead .alias:has-text('champion')");
    await tab.waitForSelector("ol.log li:has-text('better on every group')");
    await tab.reload();
    await tab.waitForSelector(".who");
    return { before, asked, inDialog, able, own, shown, after, said: await said(tab), log: await log(tab), kept: await tab.innerText(".who"), chain: await tab.innerText(".chain"), violations: await violations(tab) };
  },

  /** A closed gate is listed item by item; past it is a step of its own that needs a reason. */
  async override({ open, violations, args }) {
    const tab = await open(args.path);
    await give(tab, "Set an alias", { name: "eve", fields: { Alias: "champion" }, reason: "to try", does: args.does });
    await tab.waitForSelector("dialog .gate-items li");
    const refusal = await dialog(tab);
    const items = await text(tab, "dialog .gate-items li");
    const inRefusal = await violations(tab);
    await tab.getByRole("button", { name: "Override the gate…" }).click();
    await tab.waitForSelector("dialog h2:has-text('past its gate')");
    const warned = await dialog(tab);
    const able = await tab.isDisabled("dialog [type=submit]");
    await fill(tab, { reason: "the old one is down" });
    await tab.getByRole("button", { name: "Override and move" }).click();
    await closed(tab);
    await tab.waitForSelector("ol.log li:has-text('override champion')");
    await tab.waitForSelector(".page-lead .alias:has-text('champion')");
    return { refusal, items, inRefusal, warned, able, log: await log(tab), said: await said(tab), gate: await tab.innerText(".alias-gate p") };
  },

  /** From the page of the model: an alias is moved back, taken away; the model gets another name, another text and a tag. */
  async tend({ open, violations, args }) {
    const tab = await open(args.path);
    await give(tab, "Move trial", { name: "grace", fields: { Version: "1" }, reason: "roll back", does: "Move the alias" });
    await closed(tab);
    await tab.waitForSelector("ol.log li:has-text('roll back')");
    await give(tab, "Take trial away", { reason: "not needed", does: "Take it away" });
    await closed(tab);
    await tab.waitForSelector("ol.log li:has-text('not needed')");
    await give(tab, "Describe it", { fields: { "Description, in Markdown": "Finds *sick* hearts <script>alert(1)</script>" }, does: "Save" });
    await closed(tab);
    await tab.waitForSelector(".description em:has-text('sick')");
    await give(tab, "Add a tag", { fields: { Key: "team", Value: HOSTILE }, does: "Set the tag" });
    await closed(tab);
    await tab.waitForSelector("dt:has-text('team')");
    await tab.getByRole("button", { name: "Rename", exact: true }).click();
    const warned = await dialog(tab);
    await fill(tab, { fields: { "New name": args.name }, reason: "clearer" });
    await tab.locator("dialog").getByRole("button", { name: "Rename" }).click();
    await closed(tab);
    await tab.waitForURL((url) => url.pathname === `/models/${encodeURIComponent(args.name)}`);
    await tab.waitForSelector("ol.log li:has-text('model renamed')");
    const found = { warned, head: (await tab.textContent("h1")).trim(), log: await log(tab), tags: await text(tab, ".panel .facts dd"), violations: await violations(tab) };
    await give(tab, "Delete", { fields: { "Type its name to go on": args.name }, does: "Delete for good" });
    await tab.waitForURL((url) => url.pathname === "/models");
    await tab.waitForSelector("h1:has-text('Models')");
    return { ...found, at: new URL(tab.url()).pathname };
  },

  /** What the server refuses is said in the dialog, which stays with what was typed; later the same order goes through. */
  async refused({ open, args }) {
    const tab = await open(args.path);
    const answers = [];
    const approve = async () => {
      await tab.locator("dialog").getByRole("button", { name: "Approve", exact: true }).click();
      await tab.waitForSelector("dialog [role=alert]");
      answers.push(await tab.innerText("dialog [role=alert]"));
    };
    await tab.getByRole("button", { name: "Approve", exact: true }).click();
    await fill(tab, { name: HOSTILE, reason: "x".repeat(10_000) });
    await approve();
    await fill(tab, { reason: "short" });
    for (const [status, body] of [[409, { error_code: "RESOURCE_ALREADY_EXISTS", message: "somebody else was first" }], [503, { error_code: "TEMPORARILY_UNAVAILABLE", message: "the database does not answer" }]]) {
      await tab.route("**/approve", (route) => route.fulfill({ status, contentType: "application/json", body: JSON.stringify(body) }), { times: 1 });
      await approve();
    }
    await tab.route("**/approve", (route) => route.abort(), { times: 1 });
    await approve();
    const kept = await tab.inputValue("dialog textarea");
    await tab.locator("dialog").getByRole("button", { name: "Approve", exact: true }).click();
    await closed(tab);
    await tab.waitForSelector(".said li:has-text('short')");
    return { answers, kept, said: await said(tab), focus: await tab.evaluate(() => document.activeElement.textContent.trim()) };
  },

  /** A version is deleted from its page, by keyboard. */
  async deleteVersion({ open, args }) {
    const tab = await open(args.path);
    await tab.getByRole("button", { name: "Delete", exact: true }).focus();
    await tab.keyboard.press("Enter");
    await tab.waitForSelector("dialog[open]");
    await tab.keyboard.press("Escape");
    await closed(tab);
    await tab.keyboard.press("Enter");
    await tab.waitForSelector("dialog[open]");
    const warned = await dialog(tab);
    await tab.getByLabel("Your name").fill("grace");
    await tab.keyboard.press("Enter");
    await tab.waitForURL((url) => url.pathname === args.to);
    await tab.waitForSelector("ol.log li:has-text('version deleted')");
    return { warned, versions: await text(tab, ".vtable tbody th") };
  },

  /** What an alias asks for is changed: refused first for what the server cannot read, then kept; at last it asks for nothing. */
  async policy({ open, violations, args }) {
    const tab = await open(args.path);
    const asked = () => text(tab, "[aria-label='Aliases'] li");
    await tab.getByRole("button", { name: "What champion asks for" }).click();
    await fill(tab, { name: "grace", fields: { "Metrics, one a line": "roc_auc" }, reason: "after the incident" });
    const inDialog = await violations(tab);
    await tab.getByRole("button", { name: "Ask for this" }).click();
    await tab.waitForSelector("dialog [role=alert]");
    const refused = await tab.innerText("dialog [role=alert]");
    await fill(tab, { fields: { "Metrics, one a line": "roc_auc >= 0.7\nf1 >= 0.5", "Checks that have passed": "bias_audit\n\nbias_audit\nload test" } });
    await tab.getByRole("button", { name: "Ask for this" }).click();
    await closed(tab);
    await tab.waitForSelector("ol.log li:has-text('after the incident')");
    const kept = await asked();
    await tab.getByRole("button", { name: "Ask for something before an alias moves…" }).click();
    await fill(tab, { fields: { Alias: "trial" }, reason: "for everybody" });
    await tab.getByLabel("Approved by").selectOption("any");
    await tab.getByRole("button", { name: "Ask for this" }).click();
    await closed(tab);
    await tab.waitForSelector("[aria-label='Aliases'] li:has-text('trial')");
    await tab.getByRole("button", { name: "What trial asks for" }).click();
    await fill(tab, { reason: "nobody uses it" });
    await tab.getByLabel("Approved by").selectOption("none");
    await tab.getByRole("button", { name: "Ask for nothing" }).click();
    await closed(tab);
    await tab.waitForSelector("[aria-label='Aliases'] li:has-text('trial')", { state: "detached" });
    return { inDialog, refused, kept, after: await asked(), log: await log(tab) };
  },

  /** A policy that quern.yaml declares: the page says where, and writes what to put there. */
  async declared({ open, violations, args }) {
    const tab = await open(args.path);
    const before = await text(tab, "[aria-label='Aliases'] li");
    await tab.getByRole("button", { name: "What champion asks for" }).click();
    await tab.waitForSelector("dialog[open]");
    const says = await tab.innerText("dialog .says");
    await tab.getByLabel("Approved by").selectOption("other");
    await tab.getByLabel("Checks that have passed").fill("bias_audit\ntrue");
    await tab.getByLabel("The key metrics of the charter hold").check();
    return { before, says, yaml: await tab.innerText("dialog pre"), buttons: await text(tab, "dialog .actions button"), violations: await violations(tab) };
  },

  /** The card in its frame, and the files. */
  async card({ open, violations, args }) {
    const tab = await open(args.path);
    const links = await tab.$$eval("a[download]", (all) => all.map((a) => ({ href: a.getAttribute("href"), name: a.download })));
    await tab.getByText("Read it here").click();
    const frame = tab.frameLocator(".card-view");
    await frame.locator("h1").waitFor();
    return {
      links, title: await frame.locator("h1").innerText(), sections: await frame.locator("h2").allInnerTexts(),
      violations: await violations(tab), inFrame: await framed(tab, ".card-view"),
    };
  },

  /** Versions side by side, as the server compares them. */
  async versions({ open, violations, args }) {
    const tab = await open(args.path);
    await tab.waitForSelector(".compared");
    return {
      panels: await text(tab, ".panel h3"), leads: await text(tab, ".panel .lead, .panel .caption"), groups: await text(tab, ".compared th.group"),
      lines: await text(tab, ".compared tr[data-line]"), violations: await violations(tab),
    };
  },

  /** What a page says of its log. */
  async chain({ open, args }) {
    const tab = await open(args.path);
    await tab.waitForSelector(".chain");
    return { chain: await tab.innerText(".chain") };
  },
};
