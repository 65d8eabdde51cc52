import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { sizeOf, takeAlong } from "./pictures";

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="6in" viewBox="0 0 432 288.5"></svg>';

async function card(markdown: string): Promise<{ path: string; site: string }> {
  const folder = await mkdtemp(join(tmpdir(), "card-"));
  await mkdir(join(folder, "model-card"));
  await writeFile(join(folder, "model-card", "roc.svg"), SVG);
  await writeFile(join(folder, "model-card.md"), markdown);
  return { path: join(folder, "model-card.md"), site: join(folder, "public") };
}

describe("the model card's pictures", () => {
  it("become part of the site, with their size", async () => {
    const { path, site } = await card("# Card\n\n![ROC](model-card/roc.svg)\n");
    expect(await takeAlong(path, site)).toEqual({
      "model-card/roc.svg": { src: "/model-card/roc.svg", width: 432, height: 289 },
    });
    expect(await readFile(join(site, "model-card", "roc.svg"), "utf8")).toBe(SVG);
  });

  it.each(["../secret.svg", "/etc/passwd", "https://example.org/a.svg"])("are never fetched from elsewhere: %s", async (name) => {
    const { path, site } = await card(`![x](${name})\n`);
    await expect(takeAlong(path, site)).rejects.toThrow("not beside the model card");
  });

  it("must exist", async () => {
    const { path, site } = await card("![x](model-card/missing.svg)\n");
    await expect(takeAlong(path, site)).rejects.toThrow("ENOENT");
  });

  it("tell their size", () => {
    const png = Buffer.alloc(24);
    png.writeUInt32BE(640, 16);
    png.writeUInt32BE(480, 20);
    expect(sizeOf("a.png", png)).toEqual({ width: 640, height: 480 });
    expect(() => sizeOf("a.jpg", png)).toThrow("neither");
  });
});
