/** The pictures that the model card names, taken along when the pages are built. */

import { copyFile, mkdir, readFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";

import { blocks } from "./markdown";

/** Where a picture is on the site, and its size in CSS pixels, so that the page does not jump when it arrives. */
export interface Picture {
  src: string;
  width: number;
  height: number;
}

/** Under `public/`; whatever is there becomes part of the site. */
const FOLDER = "model-card";

/**
 * Copies the pictures of the card at `path` into `site`, the folder of what is served as it is; gives them by the name
 * that the card calls them by.
 *
 * Throws when one does not exist, is not beside the card, or is neither SVG nor PNG.
 */
export async function takeAlong(path: string, site: string): Promise<Record<string, Picture>> {
  const named = blocks(await readFile(path, "utf8")).flatMap((block) => (block.kind === "image" ? [block.src] : []));
  const pictures: Record<string, Picture> = {};
  for (const name of new Set(named)) {
    if (/^[a-z]+:|^\/|(^|\/)\.\.(\/|$)/i.test(name)) throw new Error(`${name} is not beside the model card.`);
    const from = join(dirname(path), name);
    const size = sizeOf(name, await readFile(from));
    await mkdir(join(site, FOLDER), { recursive: true });
    await copyFile(from, join(site, FOLDER, basename(name)));
    pictures[name] = { src: `/${FOLDER}/${encodeURIComponent(basename(name))}`, ...size };
  }
  return pictures;
}

/** Width and height of an SVG or a PNG. Throws for anything else. */
export function sizeOf(name: string, content: Buffer): { width: number; height: number } {
  switch (extname(name).toLowerCase()) {
    case ".png":
      return { width: content.readUInt32BE(16), height: content.readUInt32BE(20) };
    case ".svg": {
      const [, x, y] = /<svg[^>]*?\sviewBox="\S+\s+\S+\s+([\d.]+)\s+([\d.]+)"/.exec(content.toString("utf8")) ?? [];
      if (x && y) return { width: Math.round(Number(x)), height: Math.round(Number(y)) };
    }
  }
  throw new Error(`${name} is neither a PNG nor an SVG with a viewBox.`);
}
