// Prints a page to PDF and reports what could be cut: node print.mjs PAGE.html OUT.pdf
import { pathToFileURL } from "node:url";
import { launch } from "./browser.mjs";

const [page, out] = process.argv.slice(2);
const browser = await launch();
// A4 without its margins at 96 dots an inch.
const tab = await browser.newPage({ viewport: { width: 703, height: 1000 }, colorScheme: "dark" });
await tab.goto(pathToFileURL(page).href);
await tab.waitForSelector(".page");
await tab.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
await tab.emulateMedia({ media: "print", colorScheme: "dark" });
await tab.waitForTimeout(300);
const seen = await tab.evaluate(() => {
  const wide = [...document.querySelectorAll(".chart svg, .heatmap, .lineage, table")].filter((e) => {
    const box = e.getBoundingClientRect();
    return box.width > 0 && box.right > window.innerWidth + 1;
  });
  return {
    wide: wide.map((e) => `${e.tagName} ${e.getAttribute("aria-label") ?? e.className}`),
    background: getComputedStyle(document.body).backgroundColor,
    closed: document.querySelectorAll("details:not([open])").length,
    formulas: [...document.querySelectorAll(".hint-body")].filter((e) => getComputedStyle(e).visibility === "visible").length,
  };
});
await tab.pdf({ path: out, preferCSSPageSize: true });
await browser.close();
console.log(JSON.stringify(seen));
