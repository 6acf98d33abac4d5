import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

declare const process: { env: Record<string, string | undefined> };
const server = process.env.QUERN_SERVER ?? "http://127.0.0.1:5000";

/** What nearly every page needs is one file: twenty small ones, each of them a request, take longer than their bytes. What is large and
 *  stands on some pages only (tables, charts, Markdown, the picture of the lineage) is a file of its own. What these need is in it too, listed or
 *  not: two files that need each other would run in the wrong order. */
const BASE = [
  /\/node_modules\/(react|react-dom|scheduler|use-sync-external-store)\//,
  /\/node_modules\/@tanstack\/(history|react-router|router-core|react-store|store|query-core|react-query)\//,
  /\/src\/app\/(api|shell|views)\/\w+\.tsx?$/, /\/src\/app\/views\/views\.css$/, /\/src\/app\/(router|search)\.tsx?$/, /\/src\/app\/(data|models)\/address(es)?\.ts$/,
  /\/src\/app\/experiments\/(RunState|columns|experiments|exportCsv|grouping|runValues|useRuns)\.(tsx?|css)$/, /\/src\/app\/models\/(Aliases|GateItems)\.tsx$/,
  /\/src\/app\/mlflowAddress\.ts$/,
  /\/src\/parts\/(Bars|CopyButton|DataTable|Dialog|Downloads|ErrorFence|GateList|Hint|Icon|IntervalList|Layout|LongText|Moment|OrderDialog|Popover|SaveTable|ScoreBars|SearchField|States|Status)\.tsx$/,
  /\/src\/parts\/(conclude|csvField|format|keys|save|words)\.ts$/, /\/src\/parts\/chapters\.css$/,
];
const isBase = (id: string) => BASE.some((part) => part.test(id));

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
    rolldownOptions: { input: "app.html", output: { codeSplitting: { groups: [
      { name: "pages", test: /\/src\/app\/(pages|charts\/code)\.ts$|preload-helper/ }, { name: "base", test: isBase },
    ] } } },
  },
});
