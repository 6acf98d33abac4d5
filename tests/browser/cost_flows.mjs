// What a page costs, as counts that are the same on a machine that has nothing else to do and on one that is overbooked.
import { windows } from "./browser.mjs";

/** Of each kind of file and call, how many were asked for. */
function countsOf(asked) {
  const counts = { files: 0, searches: 0, points: 0 };
  for (const url of asked) {
    if (/\/assets\//.test(url)) counts.files += 1;
    if (/\/runs\/search$/.test(url)) counts.searches += 1;
    if (/\/metrics\/columns/.test(url)) counts.points += 1;
  }
  return counts;
}

export const costFlows = {
  /** What is asked for until a page is there, and what is drawn of it. */
  async cost({ open, args }) {
    const tab = await open(args.path);
    await tab.quiet();
    return {
      ...countsOf(tab.asked), windows: await windows(tab), cards: await tab.$$eval(".chart-card", (all) => all.length),
      drawn: await tab.$$eval(".chart svg", (all) => all.length), waiting: await tab.$$eval("section:has(> .chart-wait)", (all) => all.map((e) => e.getAttribute("aria-label"))),
    };
  },

  /** A table that is scrolled evenly: rows that came, and how many frames changed anything. */
  async glide({ open, args }) {
    const tab = await open(`/experiments/${args.experiment}`);
    await tab.quiet();
    return tab.evaluate(({ frames, pixels }) => new Promise((done) => {
      const table = document.querySelector(".vtable");
      const seen = { rows: 0, changed: 0, blank: 0, stuck: 0, height: document.querySelector(".vtable tr[data-row]").getBoundingClientRect().height };
      const watch = new MutationObserver((all) => {
        const rows = all.flatMap((one) => [...one.addedNodes]).filter((node) => node.matches?.("tr[data-row]")).length;
        seen.rows += rows;
        if (rows > 0) seen.changed += 1;
      });
      watch.observe(table.querySelector("tbody"), { childList: true });
      let at = 0;
      const frame = () => {
        const { top, bottom, left } = table.getBoundingClientRect();
        for (const y of [top + 60, bottom - 60]) if (!document.elementFromPoint(left + 100, y)?.closest("tr[data-row]")) seen.blank += 1;
        seen.stuck = Math.max(seen.stuck, [...table.querySelectorAll("tbody th")].filter((cell) => getComputedStyle(cell).position === "sticky").length);
        at += 1;
        if (at > frames) {
          watch.disconnect();
          table.scrollLeft = 200;
          requestAnimationFrame(() => requestAnimationFrame(() => {
            const cell = table.querySelector("tbody th").getBoundingClientRect();
            done({ ...seen, aside: cell.left - left, passed: (frames * pixels) / seen.height });
          }));
          return;
        }
        table.scrollTop += pixels;
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    }), args);
  },
};
