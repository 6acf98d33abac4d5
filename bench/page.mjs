// What a person waits for at a page, in a headless Chromium: node page.mjs '{"url": …, "ready": …}' prints it as JSON.
//
//   url      the address
//   ready    {rows, text}: usable once an element of `rows` has the text; without it, once the page has a head and nothing
//            in sight is being loaded
//   times    how often it is opened, each time by somebody new (3)
//   scroll   {box, seconds, pixels}: then the box is scrolled by so many pixels in each frame
//   reach    {box, text, more}: then it is scrolled to its end, and the button `more` pressed, until a row has the text
import { hear, heap, launch } from "../tests/browser/browser.mjs";

const job = JSON.parse(process.argv[2]);
const STAYS = 300; // milliseconds for which a page that is ready has been so

/** Notes in each frame whether the page is usable; `since` is when that began, in ms since the navigation. */
function watch([ready, stays]) {
  const usable = ready
    ? () => [...document.querySelectorAll(ready.rows)].some((row) => row.textContent.includes(ready.text))
    : () => document.querySelector("h1")?.textContent.trim() && !document.querySelector("main [aria-busy=true]")
      && ![...document.querySelectorAll(".skeleton, .chart-wait")].some((e) => e.checkVisibility({ contentVisibilityAuto: true }) && e.getBoundingClientRect().top < innerHeight);
  let since = null;
  const frame = () => {
    if (!usable()) since = null;
    else since ??= performance.now();
    if (since !== null && performance.now() - since >= stays) window.usableSince = since;
    else requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

async function open(browser) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  context.setDefaultTimeout(120_000);
  const tab = await context.newPage();
  const cost = { bytes: 0, requests: 0, messages: [] };
  hear(tab, cost.messages);
  const devtools = await context.newCDPSession(tab);
  await devtools.send("Network.enable");
  devtools.on("Network.loadingFinished", (e) => { cost.bytes += e.encodedDataLength; cost.requests += 1; });
  await tab.addInitScript(watch, [job.ready ?? null, STAYS]);
  await tab.goto(job.url, { waitUntil: "commit" });
  await tab.waitForFunction(() => window.usableSince !== undefined);
  return { context, tab, cost, ms: await tab.evaluate(() => window.usableSince) };
}

/** Milliseconds between the frames of a scroll. */
const scroll = (tab, how) => tab.evaluate(({ box, seconds, pixels }) => new Promise((done) => {
  const host = document.querySelector(box);
  const times = [];
  const frame = (now) => {
    times.push(now);
    host.scrollTop += pixels;
    if (now - times[0] < seconds * 1000) requestAnimationFrame(frame);
    else done(times.slice(1).map((time, at) => time - times[at]));
  };
  requestAnimationFrame(frame);
}), how);

/** Milliseconds until a row has the text. */
const reach = (tab, how) => tab.evaluate(({ box, text, more, rows }) => new Promise((done) => {
  const began = performance.now();
  const frame = () => {
    if ([...document.querySelectorAll(rows)].some((row) => row.textContent.includes(text))) {
      done(performance.now() - began);
      return;
    }
    const host = document.querySelector(box);
    host.scrollTop += host.clientHeight;
    if (more) [...document.querySelectorAll("button")].find((button) => button.textContent.trim() === more && !button.disabled)?.click();
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}), how);

const browser = await launch();
const found = { ms: [] };
try {
  for (let turn = 0; turn < (job.times ?? 3); turn += 1) {
    const one = await open(browser);
    found.ms.push(one.ms);
    const last = turn + 1 === (job.times ?? 3);
    if (last) {
      Object.assign(found, one.cost, { heap: await heap(one.tab) });
      if (job.reach) found.reach = await reach(one.tab, { ...job.reach, rows: job.ready.rows });
      if (job.scroll) {
        await one.tab.$eval(job.scroll.box, (host) => { host.scrollTop = 0; });
        found.frames = await scroll(one.tab, job.scroll);
      }
      found.heapAfter = await heap(one.tab);
      if (job.picture) await one.tab.screenshot({ path: job.picture });
    }
    await one.context.close();
  }
} finally {
  await browser.close();
}
console.log(JSON.stringify(found));
