// Which scripts the pages of a build load before anyone does anything.
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Addresses of the scripts that a page names, without those that browsers skip which load modules. */
export function pageScripts(folder, page) {
  const html = readFileSync(join(folder, page), "utf8");
  const tags = html.match(/<script\b[^>]*>/g) ?? [];
  const modern = tags.filter((tag) => !/\bnomodule\b/i.test(tag));
  return [...new Set(modern.map((tag) => /\bsrc="([^"]+)"/.exec(tag)?.[1]).filter(Boolean))];
}
