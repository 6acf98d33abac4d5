// A tab that stays open: node tab.mjs ADDRESS. Each line of the input is answered by {"heap": megabytes that JavaScript
// keeps alive, "said": errors and warnings, "text": what the page shows}.
import { createInterface } from "node:readline";
import { hear, heap, launch } from "../tests/browser/browser.mjs";

const browser = await launch();
const tab = await browser.newPage({ viewport: { width: 1280, height: 800 } });
const said = [];
hear(tab, said);
await tab.goto(process.argv[2]);
await tab.waitForFunction(() => document.querySelector("h1")?.textContent.trim());
for await (const _ of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify({ heap: await heap(tab), said, text: await tab.innerText("main") }));
}
await browser.close();
