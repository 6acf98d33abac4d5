import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

declare const process: { env: Record<string, string | undefined> };
const server = process.env.QUERN_SERVER ?? "http://127.0.0.1:5000";

/** Every address that a browser opens is the page, as at the server. */
const addresses: Plugin = {
  name: "addresses",
  configureServer: ({ middlewares }) => {
    middlewares.use((incoming, _response, next) => {
      const request = incoming as unknown as { url?: string; headers: { accept?: string } };
      const file = /\.\w+($|\?)|^\/@/.test(request.url ?? "");
      if (!file && request.headers.accept?.includes("text/html")) request.url = "/app.html";
      next();
    });
  },
};

// The page of `quern server`: hashed files below /assets/, a chunk for each page. `npm run dev` serves it from the
// sources and passes everything else on to the server that QUERN_SERVER names.
export default defineConfig({
  plugins: [addresses, react()],
  base: "/",
  server: {
    proxy: Object.fromEntries(
      ["/api", "/ajax-api", "/graphql", "/get-artifact", "/artifact-view", "/model-versions", "/page.json", "/health", "/version"]
        .map((path) => [path, { target: server }]),
    ),
  },
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    manifest: true,
    // The page's policy allows pictures as data, but a file of its own is cached for ever.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
    rolldownOptions: { input: "app.html" },
  },
});
