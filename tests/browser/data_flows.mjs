// What people do with long series, surfaces, snapshots, PDF files and the code of a run.
import { readFileSync } from "node:fs";

const search = (tab) => Object.fromEntries(new URL(tab.url()).searchParams);

async function download(tab, host, what) {
  await host.locator("[aria-label^='Download']").click();
  const [file] = await Promise.all([tab.waitForEvent("download"), host.locator(`.popover button:has-text('${what}')`).click()]);
  return readFileSync(await file.path(), "utf8");
}

/** How near to the top of the picture a line comes, in pixels. */
const highest = (host) => host.locator(".chart svg path[fill=none], .chart svg polyline").evaluateAll((all) => Math.min(...all
  .map((path) => path.getAttribute("d") ?? path.getAttribute("points") ?? "").filter((d) => d.length > 500)
  .flatMap((d) => [...d.matchAll(/(-?[\d.]+)[ ,](-?[\d.]+)/g)].map((pair) => Number(pair[2])))));

export const dataFlows = {
  /** A spike of one point in a long series: it is drawn, in the data, and looked at closer. */
  async spike({ open, args }) {
    const tab = await open(`/experiments/${args.experiment}/runs/${args.run}?tab=charts`);
    const card = tab.locator(".chart-card", { hasText: "long" });
    await card.locator(".caption", { hasText: "points are drawn" }).waitFor();
    const words = await card.innerText();
    const top = await highest(card);
    const csv = await download(tab, card, "Data");
    const svg = await download(tab, card, "Picture");
    const box = await card.locator(".zoomable").boundingBox();
    const asked = tab.waitForRequest((r) => /metrics\/columns.*[?&]first=/.test(r.url()));
    await tab.mouse.move(box.x + box.width * 0.5, box.y + 100);
    await tab.mouse.down();
    await tab.mouse.move(box.x + box.width * 0.53, box.y + 110, { steps: 5 });
    await tab.mouse.up();
    const request = new URL((await asked).url()).searchParams;
    await tab.quiet();
    return { words, top, csv, svg, steps: [Number(request.get("first")), Number(request.get("last"))], zoomed: search(tab), closer: await download(tab, card, "Data") };
  },

  /** A metric over two parameters, other parameters, picture and data. */
  async contour({ open, settle, violations, args }) {
    const tab = await open(`/experiments/${args.experiment}?mode=charts`, args);
    const host = tab.locator("[aria-label=Contours]");
    await host.waitFor();
    await host.evaluate((e) => e.scrollIntoView());
    await host.locator(".chart svg path[fill='var(--known)']").first().waitFor();
    await host.scrollIntoViewIfNeeded();
    const before = await host.innerText();
    const csv = await download(tab, host, "Data");
    const svg = await download(tab, host, "Picture");
    const label = await host.locator(".chart").getAttribute("aria-label");
    await host.locator("select").nth(1).selectOption("params.depth");
    await tab.waitForURL(/contourX=params.depth/);
    await settle(tab);
    return { before, csv, svg, label, after: await host.locator(".chart").getAttribute("aria-label"), search: search(tab), violations: await violations(tab) };
  },

  /** Pages of a PDF, and one that is none. */
  async pdf({ open, settle, violations, args }) {
    const tab = await open(`/experiments/${args.experiment}/runs/${args.run}?tab=artifacts&path=paper.pdf`, args);
    const dark = () => tab.$eval(".pdf-page canvas", (c) => c.getContext("2d").getImageData(0, 0, c.width, c.height).data.filter((v, at) => at % 4 === 0 && v < 100).length);
    const page = async (number) => {
      await tab.waitForSelector(`.pdf-page canvas[data-drawn][aria-label^='Page ${number} of']`);
      await tab.click(".viewer details.fold summary");
      return { text: (await tab.innerText(".viewer details.fold pre")).trim(), ink: await dark(), width: await tab.$eval(".pdf-page canvas", (c) => c.clientWidth) };
    };
    const first = await page(1);
    const wrong = await violations(tab);
    const bar = await tab.innerText(".pdf-bar");
    await tab.click("[aria-label='Next page']");
    const second = await page(2);
    const last = await tab.isDisabled("[aria-label='Next page']");
    await tab.click("[aria-label='Larger']");
    await tab.waitForFunction((width) => document.querySelector(".pdf-page canvas[data-drawn]")?.clientWidth > width, second.width);
    await tab.click(".tree .node:has-text('broken.pdf')");
    await tab.waitForSelector(".viewer [role=alert]");
    const broken = await tab.innerText(".viewer [role=alert]");
    await settle(tab);
    return { first, second, last, bar, broken, violations: wrong, title: await tab.title() };
  },

  /** From a run to its commit, and to what it had beside it. */
  async code({ open, violations, args }) {
    const tab = await open(`/experiments/${args.experiment}/runs/${args.run}`, args);
    const links = await tab.$$eval(".facts a[target=_blank]", (all) => all.map((a) => [a.textContent, a.href, a.rel]));
    await tab.click("button:has-text('the code was changed')");
    await tab.waitForSelector("dialog .diff");
    const lines = (kind) => tab.$$eval(`dialog .diff tr.is-${kind}`, (all) => all.map((e) => e.querySelector("code").textContent));
    return {
      links, files: await tab.$$eval("dialog .diff summary", (all) => all.map((e) => e.textContent)), added: await lines("add"), taken: await lines("take"), remarks: await lines("remark"),
      violations: await violations(tab), title: await tab.title(),
    };
  },

  /** From a source to two of its snapshots; the other way round. */
  async snapshots({ open, settle, args }) {
    const tab = await open(`/data/${args.source}`);
    await tab.click("a:has-text('with the present one')");
    await tab.waitForSelector("[aria-label='Columns of both snapshots']");
    await settle(tab);
    const seen = { search: search(tab), text: await tab.innerText("main"), cards: await tab.$$eval(".drift-card h5", (all) => all.map((e) => e.textContent)) };
    await tab.click("[aria-label='Swap the two']");
    await tab.waitForFunction((before) => new URL(location.href).searchParams.get("after") === before, seen.search.before);
    await tab.waitForFunction((text) => document.querySelector(".page-lead")?.textContent.includes(text), "100 rows added");
    await settle(tab);
    return { ...seen, swapped: search(tab), lead: await tab.innerText(".page-lead") };
  },
};
