// node scripts/size.mjs [PAGE…]
//
// How much script each page of the build in out/ loads before anyone does anything, gzip, and whether the first stays
// within its budget. Charts and the dashboard are fetched later and do not count.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const BUDGET_KB = 210;
const OUT = join(import.meta.dirname, "..", "out");
const pages = process.argv.slice(2);

/** Bytes of all scripts that a page of the build names. */
function scriptBytes(page) {
  const html = readFileSync(join(OUT, page), "utf8");
  const tags = html.match(/<script\b[^>]*>/g) ?? [];
  // Browsers that load modules skip these.
  const modern = tags.filter((tag) => !/\bnomodule\b/i.test(tag));
  const sources = new Set(modern.map((tag) => /\bsrc="([^"]+)"/.exec(tag)?.[1]).filter(Boolean));
  return [...sources].reduce((sum, source) => sum + gzipSync(readFileSync(join(OUT, source)), { level: 6 }).length, 0);
}

for (const page of pages.length > 0 ? pages : ["index.html", "analysis/index.html", "history/index.html"]) {
  const kilobytes = scriptBytes(page) / 1000;
  console.log(`${page.padEnd(24)}${kilobytes.toFixed(1).padStart(8)} kB gzip`);
  if (page === "index.html" && kilobytes > BUDGET_KB) {
    console.error(`The upload page loads more than ${BUDGET_KB} kB of scripts.`);
    process.exitCode = 1;
  }
}
