// node scripts/compileHints.mjs [FOLDER]
//
// Marks the scripts that pages of the build in FOLDER (out/) load at once: nearly all of their functions run while a page starts.
// Chromium compiles what is marked while it arrives, beside the page's own thread; otherwise that thread stops at each
// function's first call to compile it. Other browsers see a comment. See V8's explicit compile hints
// (https://v8.dev/blog/explicit-compile-hints).
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { pageScripts } from "./pageScripts.mjs";

const HINT = "//# allFunctionsCalledOnLoad\n";
const folder = process.argv[2] ?? join(import.meta.dirname, "..", "out");

const pages = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".html"));
const scripts = pages.flatMap((page) => pageScripts(folder, page));
for (const script of new Set(scripts)) {
  const path = join(folder, script);
  const code = readFileSync(path, "utf8");
  if (!code.startsWith(HINT)) writeFileSync(path, HINT + code);
}
