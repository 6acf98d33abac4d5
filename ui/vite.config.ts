import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// One entry, one chunk, one style sheet: scripts/build.mjs folds them into a single page.
export default defineConfig({
  plugins: [react()],
  base: "./",
  build: {
    target: "es2022",
    modulePreload: false,
    cssCodeSplit: false,
    chunkSizeWarningLimit: 1500,
    assetsInlineLimit: 1_000_000,
    rolldownOptions: { input: "report.html" },
  },
});
