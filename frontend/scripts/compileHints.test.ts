import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, it } from "vitest";

const HINT = "//# allFunctionsCalledOnLoad\n";

it("marks the scripts that pages name, once, and no others", () => {
  const folder = mkdtempSync(join(tmpdir(), "pages-"));
  mkdirSync(join(folder, "analysis"));
  writeFileSync(join(folder, "index.html"), `<script src="/main.js" async></script><script nomodule src="/old.js"></script>`);
  writeFileSync(join(folder, "analysis", "index.html"), `<script src="/main.js"></script><script src="/one.js"></script>`);
  const scripts = ["main.js", "one.js", "old.js", "later.js"];
  for (const script of scripts) writeFileSync(join(folder, script), `/* ${script} */`);
  for (let time = 0; time < 2; time++) {
    execFileSync(process.execPath, ["scripts/compileHints.mjs", folder]);
  }
  const marked = scripts.filter((script) => readFileSync(join(folder, script), "utf8") === `${HINT}/* ${script} */`);
  expect(marked).toEqual(["main.js", "one.js"]);
  expect(readFileSync(join(folder, "later.js"), "utf8")).toBe("/* later.js */");
});
