import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queries } from "./api/queries";
import { fromMlflowAddress } from "./mlflowAddress";
import { makeRouter } from "./router";
import { followTheme } from "./shell/theme";

followTheme();
// MLflow's clients print addresses of its own page, and people keep them in documents.
const known = fromMlflowAddress(window.location.hash);
if (known) window.history.replaceState(null, "", known);

const host = document.getElementById("root");
if (host) {
  createRoot(host).render(
    <StrictMode>
      <QueryClientProvider client={queries}><RouterProvider router={makeRouter()} /></QueryClientProvider>
    </StrictMode>,
  );
}
