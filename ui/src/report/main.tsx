import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import type { ReportDocument } from "../parts/document";
import "../parts/tokens.css";
import "../parts/parts.css";
import "../parts/controls.css";
import "../parts/chapters.css";
import "./report.css";
import { App } from "./App";

const root = document.documentElement;
root.dataset.theme = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";

/** Paper shows everything: folds open before printing and close again after it. */
function printWhole() {
  let opened: HTMLDetailsElement[] = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll<HTMLDetailsElement>("details:not([open])")];
    for (const fold of opened) fold.open = true;
  });
  window.addEventListener("afterprint", () => { for (const fold of opened) fold.open = false; });
}

function read(): ReportDocument | null {
  try {
    const value: unknown = JSON.parse(document.getElementById("quern-report")?.textContent ?? "");
    return typeof value === "object" && value !== null ? (value as ReportDocument) : null;
  } catch {
    return null;
  }
}

const report = read();
const host = document.getElementById("root");
if (host) {
  if (report) {
    document.title = `${report.project ?? "Quern"}: ${report.view === "profile" ? "data profile" : "report"}`;
    createRoot(host).render(<StrictMode><App document={report} /></StrictMode>);
    printWhole();
  } else {
    host.textContent = "This page holds no readable report. Write it again with `quern report`.";
  }
}
