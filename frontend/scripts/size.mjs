// node scripts/size.mjs [PAGE…]
//
// How much script each page of the build in out/ loads before anyone does anything, gzip, and whether the first stays
// within its budget. Charts and the dashboard are fetched later and do not count.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { pageScripts } from "./pageScripts.mjs";

const BUDGET_KB = 210;
const OUT = join(import.meta.dirname, "..", "out");
const pages = process.argv.slice(2);

const size = (script) => gzipSync(readFileSync(join(OUT, script)), { level: 6 }).length;

for (const page of pages.length > 0 ? pages : ["index.html", "analysis/index.html", "history/index.html"]) {
  const kilobytes = pageScripts(OUT, page).reduce((sum, script) => sum + size(script), 0) / 1000;
  console.log(`${page.padEnd(24)}${kilobytes.toFixed(1).padStart(8)} kB gzip`);
  if (page === "index.html" && kilobytes > BUDGET_KB) {
    console.error(`The upload page loads more than ${BUDGET_KB} kB of scripts.`);
    process.exitCode = 1;
  }
}
