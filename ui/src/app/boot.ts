// The first of the page that runs, and small: what the address needs is fetched while the rest still comes.
import "../parts/tokens.css";
import "../parts/parts.css";
import "../parts/controls.css";
import "./shell/shell.css";
import { viewAt } from "./pages";

const view = viewAt(window.location.pathname);
void view?.load();
view?.also?.(new URLSearchParams(window.location.search));
void import("./main");
