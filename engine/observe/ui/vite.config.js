import { readFileSync } from "node:fs";
import { defineConfig } from "vite";

// Script and style go into the page itself: it is one file, and asks for nothing but the run's own figures.
const oneFile = {
  name: "one-file",
  enforce: "post",
  generateBundle(options, bundle) {
    const page = Object.values(bundle).find(part => part.fileName.endsWith(".html"));
    for (const part of Object.values(bundle)) {
      if (part === page) continue;
      const name = part.fileName.replaceAll(/[.\\/]/g, "\\$&");
      const text = part.type === "chunk" ? part.code.replaceAll("</script", "<\\/script") : part.source;
      const [tag, inline] = part.type === "chunk"
        ? [new RegExp(`<script[^>]*src="[^"]*${name}"[^>]*></script>`), `<script type="module">${text.trim()}</script>`]
        : [new RegExp(`<link[^>]*href="[^"]*${name}"[^>]*>`), `<style>${text.trim()}</style>`];
      const before = page.source;
      page.source = before.replace(tag, () => inline);
      if (page.source === before) throw new Error(`the page has no place for ${part.fileName}`);
      delete bundle[part.fileName];
    }
    page.source = page.source.replace("<head>", () => `<head>\n<!--\n${licences()}-->`);
  },
};

// The terms of what is in the file ask to go with it.
function licences() {
  const names = { preact: "preact", uplot: "uPlot", dagre: "@dagrejs/dagre", graphlib: "@dagrejs/graphlib" };
  return Object.entries(names).map(([file, name]) =>
    `${name}\n${readFileSync(new URL(`licences/${file}.txt`, import.meta.url), "utf8").trim()}\n`).join("\n").replaceAll("--", "- -");
}

export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    outDir: "dist", emptyOutDir: true, target: "es2022", cssCodeSplit: false, assetsInlineLimit: 0,
    modulePreload: false, reportCompressedSize: false,
    rollupOptions: { input: new URL("page.html", import.meta.url).pathname },
  },
  plugins: [oneFile],
});
