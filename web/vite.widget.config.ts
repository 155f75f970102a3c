import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// One classic script for other people's pages. It is built after the pages, into the same folder.
export default defineConfig({
  build: {
    outDir: here("../app/static"),
    emptyOutDir: false,
    target: "es2022",
    lib: { entry: here("src/widget/main.ts"), formats: ["iife"], name: "_", fileName: () => "widget.js" },
  },
});
