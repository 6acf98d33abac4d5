// What people order on the serving and pipeline pages: each flow gets a browser and gives what it saw.

const text = (tab, selector) => tab.$$eval(selector, (all) => all.map((e) => e.innerText.replace(/\s+/g, " ").trim()));
const log = (tab) => text(tab, "ol.log li");
const closed = (tab) => tab.waitForSelector("dialog", { state: "detached" });
const buttons = (tab) => text(tab, ".orders > button");

/** A button opens a dialog, which is filled in and sent. */
async function give(tab, button, does, { name, reason, fields = {}, options = {} } = {}) {
  await tab.getByRole("button", { name: button, exact: true }).click();
  await tab.waitForSelector("dialog[open]");
  if (name !== undefined) await tab.getByLabel("Your name").fill(name);
  for (const [label, value] of Object.entries(options)) await tab.locator("dialog").getByLabel(label).selectOption(value);
  for (const [label, value] of Object.entries(fields)) await tab.locator("dialog").getByLabel(label).fill(value);
  if (reason !== undefined) await tab.locator("dialog label:has-text('Why') textarea").fill(reason);
  await tab.locator("dialog").getByRole("button", { name: does, exact: true }).click();
}

const state = (tab, word) => tab.waitForSelector(`.page-lead .status:has-text("${word}")`);
const tried = (tab) => tab.waitForSelector(".try-answer");

/** Starts a release by the form and opens its page. */
async function begin(tab, options, fields, name) {
  await give(tab, "Start a release…", "Start", { name, options, fields, reason: "autumn" });
  await closed(tab);
  await tab.getByRole("link", { name: /v1 → v2/ }).first().click();
  await tab.waitForSelector("ol.log li");
}

export const orderFlows = {
  /** A release from its start to its end by buttons alone; each order shows as the server has it. */
  async release({ open, violations }) {
    const tab = await open("/serving");
    await tab.getByRole("button", { name: "Start a release…" }).click();
    await tab.waitForSelector("dialog[open]");
    await tab.waitForSelector("dialog :text('Carried out by the model server')");
    const asked = await tab.innerText("dialog .says");
    const inDialog = await violations(tab);
    await tab.keyboard.press("Escape");
    await closed(tab);
    await begin(tab, { How: "canary" }, { "Shares, percent": "20, 50", "Further settings": '{"bake": {"for": "1h"}, "judge": {"at_least": "1h"}}' }, "ada");
    await state(tab, "takes a share");
    const inStep = await buttons(tab);
    await give(tab, "Pause…", "Pause", { reason: "wait for ward 7" });
    await closed(tab);
    await state(tab, "paused");
    const paused = await buttons(tab);
    await give(tab, "Resume…", "Resume");
    await closed(tab);
    await state(tab, "takes a share");
    await give(tab, "Change the share…", "Change it", { fields: { "Percent of the requests": "35" } });
    await closed(tab);
    await tab.waitForSelector(".key-numbers :text('35 %')");
    await give(tab, "Promote…", "Promote", { reason: "good enough" });
    await closed(tab);
    await state(tab, "promoted");
    const promoted = await buttons(tab);
    await give(tab, "Roll back…", "Roll back", { reason: "the ward complains" });
    await closed(tab);
    await state(tab, "rolled back");
    await tab.waitForSelector(".orders", { state: "detached" });
    return { asked, inDialog, inStep, paused, promoted, log: await log(tab), violations: await violations(tab) };
  },

  /** A closed gate refuses a promotion item by item; past it is a step of its own. */
  async gated({ open, violations }) {
    const tab = await open("/serving");
    await begin(tab, { How: "canary" }, { "Shares, percent": "20" }, "eve");
    await state(tab, "takes a share");
    await give(tab, "Promote…", "Promote", { reason: "now" });
    await tab.waitForSelector("dialog .failed .gate-items li");
    const refusal = await text(tab, "dialog .failed li");
    const refused = await violations(tab);
    await tab.getByRole("button", { name: "Override the gate…" }).click();
    await tab.waitForSelector("dialog :text('Promote past the gate')");
    const needsReason = await tab.isDisabled("dialog [type=submit]");
    await tab.locator("dialog label:has-text('Why') textarea").fill("the ward cannot wait");
    await tab.locator("dialog [type=submit]").click();
    await closed(tab);
    await state(tab, "promoted");
    return { refusal, refused, needsReason, log: await log(tab) };
  },

  /** What the form and the server do not take is said in the dialog, which stays. */
  async wrong({ open }) {
    const tab = await open("/serving");
    const said = [];
    for (const fields of [{ "Shares, percent": "5, a lot" }, { "Shares, percent": "50, 20" }, { "Shares, percent": "20", "Further settings": "{" },
      { "Shares, percent": "20", "Further settings": '{"judge": {"alpha": 7}}' }]) {
      await give(tab, "Start a release…", "Start", { name: said.length === 0 ? "ada" : undefined, fields });
      await tab.waitForSelector("dialog .failed");
      said.push(await tab.innerText("dialog .failed"));
      await tab.keyboard.press("Escape");
      await closed(tab);
    }
    return { said };
  },

  /** A model is asked by a form of its columns: an answer with reasons, a wrong field, the model server's own words, the same as a command. */
  async ask({ open, violations }) {
    const tab = await open("/serving");
    await tab.waitForSelector(".try-field");
    const fields = await text(tab, ".try-field label");
    const filled = await tab.getByLabel("age", { exact: true }).inputValue();
    await tab.getByLabel("age", { exact: true }).fill("57");
    await tab.getByLabel("ca", { exact: true }).selectOption("");
    await tab.locator(".snippets").evaluate((e) => { e.closest("details").open = true; });
    const commands = await tab.$$eval(".try .command pre", (all) => all.map((e) => e.textContent));
    await tab.getByRole("button", { name: "Ask the model" }).click();
    await tab.waitForSelector(".try-reasons li");
    const answer = { label: await tab.innerText(".try-label"), scores: await text(tab, ".try-scores li"), reasons: await text(tab, ".try-reasons li"), foot: await tab.innerText(".try-answer > .muted") };
    const good = await violations(tab);
    const problems = [];
    for (const value of ["old", "NaN", "-inf", "1e999", "1,5", "9".repeat(20_000) + "x"]) {
      await tab.getByLabel("age", { exact: true }).fill(value);
      problems.push([(await tab.innerText(".try-problem")).slice(0, 80), await tab.isDisabled(".try [type=submit]")]);
    }
    await tab.getByRole("button", { name: "Fill in the example" }).click();
    await tab.getByRole("button", { name: "Write it as JSON" }).click();
    const json = await tab.inputValue(".try textarea");
    await tab.fill(".try textarea", json.replace('"data": [63]', '"data": ["old"]'));
    await tab.getByRole("button", { name: "Ask the model" }).click();
    await tab.waitForSelector(".try-answer.failed");
    return { fields, filled, commands, answer, problems, said: await tab.innerText(".try-answer.failed"), violations: [...good, ...await violations(tab)] };
  },

  /** The counts of a model server move while it is asked; once it is gone the page says so. */
  async traffic({ open, args }) {
    const tab = await open("/serving");
    await tab.waitForSelector("[aria-label='What is served now'] tbody tr");
    const asked = await fetch(`${args.model}/v2/models/heart`);
    for (let n = 0; n < 20; n += 1) await tab.request.post(`${args.model}/invocations`, { data: args.row });
    await tab.waitForFunction(() => Number(document.querySelector("[aria-label='What is served now'] tbody td:nth-child(3)")?.textContent) > 0);
    const row = await text(tab, "[aria-label='What is served now'] tbody tr");
    process.kill(args.pid, "SIGKILL");
    await tab.waitForSelector(":text('No model server of this store listens')");
    return { status: asked.status, row, form: await tab.locator(".try").count() };
  },

  /** A model of tensors is asked by JSON. */
  async tensors({ open, violations }) {
    const tab = await open("/serving");
    await tab.waitForSelector(".try textarea");
    const frame = await tab.inputValue(".try textarea");
    await tab.fill(".try textarea", frame.replace('"data": [0, 0, 0, 0]', '"data": [1, 2, 3, 4]').replace('"data": [0]', '"data": [2]'));
    await tab.getByRole("button", { name: "Ask the model" }).click();
    await tried(tab);
    return { frame, answer: await tab.innerText(".try-answer"), violations: await violations(tab) };
  },

  /** A run is started and seen to its end without a reload, then another one is cancelled. */
  async run({ open, violations }) {
    const tab = await open("/pipeline");
    await tab.getByRole("button", { name: "Run again…" }).click();
    await tab.waitForSelector("dialog[open]");
    const says = await tab.innerText("dialog .says");
    const inDialog = await violations(tab);
    await tab.keyboard.press("Escape");
    await closed(tab);
    const before = await text(tab, "[aria-label='Runs of the pipeline'] tbody tr");
    await give(tab, "Run again…", "Run", { name: "ada", options: { "Also run again": "evaluate" } });
    await closed(tab);
    await tab.waitForSelector(".run-said :text('finished')");
    await tab.waitForFunction((n) => document.querySelectorAll("[aria-label='Runs of the pipeline'] tbody tr").length > n, before.length);
    const done = { said: await tab.innerText(".run-said"), log: await tab.textContent(".run-log"), lead: await tab.innerText(".page-lead") };
    await give(tab, "Run again…", "Run", { options: { "Also run again": "train" } });
    await closed(tab);
    await tab.waitForSelector(".run-log:has-text('to do')");
    await tab.waitForSelector(".page-lead .status:has-text('running')");
    const live = await tab.textContent(".run-log");
    await give(tab, "Cancel the run…", "Cancel the run");
    await closed(tab);
    await tab.waitForSelector(".run-said :text('was cancelled')");
    await tab.waitForSelector(".page-lead .status:has-text('interrupted')");
    return { says, inDialog, before: before.length, done, live, cancelled: await tab.innerText(".run-said"), violations: await violations(tab) };
  },

  /** Where no run may be started the page says why, and has no button. */
  async forbidden({ open, violations }) {
    const tab = await open("/pipeline");
    await tab.waitForSelector(".run-again");
    return { said: await tab.innerText(".run-again"), buttons: await tab.locator(".run-again button").count(), violations: await violations(tab) };
  },
};
