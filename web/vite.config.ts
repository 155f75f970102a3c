import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const api = process.env.TOUCHPOINT_API ?? "http://127.0.0.1:8080";

// The api serves the pages at /, /wallboard and /demo/customer, and everything else of the build under /static/.
export default defineConfig({
  base: "/static/",
  plugins: [react()],
  build: {
    outDir: here("../app/static"),
    emptyOutDir: true,
    target: "es2023",
    rollupOptions: {
      input: {
        desktop: here("index.html"),
        wallboard: here("wallboard.html"),
        customer: here("customer.html"),
      },
    },
  },
  server: {
    proxy: Object.fromEntries(
      ["/v1", "/chat", "/forms", "/demo"].map((path) => [path, { target: api, ws: true }]),
    ),
  },
});
