import { describe, expect, it } from "vitest";

import { firstChunkBytes, nextChunkBytes } from "./pace";

const KIB = 1024;
const LIMIT = 1024 * KIB;

describe("the size of a chunk", () => {
  it("never exceeds what the server takes", () => {
    expect(firstChunkBytes(16 * KIB)).toBe(16 * KIB);
    expect(nextChunkBytes(16 * KIB, 1, 16 * KIB)).toBe(16 * KIB);
    expect(nextChunkBytes(16 * KIB, 5000, 16 * KIB)).toBe(16 * KIB);
    expect(nextChunkBytes(800 * KIB, 1, LIMIT)).toBe(LIMIT);
  });

  it("stays where a browser keeps little of it, though the server takes more", () => {
    expect(nextChunkBytes(800 * KIB, 1, 3 * LIMIT)).toBe(LIMIT);
  });

  it("grows on a fast line, shrinks on a slow one, and stays in between", () => {
    expect(nextChunkBytes(256 * KIB, 50, LIMIT)).toBe(512 * KIB);
    expect(nextChunkBytes(256 * KIB, 4000, LIMIT)).toBe(128 * KIB);
    expect(nextChunkBytes(64 * KIB, 4000, LIMIT)).toBe(64 * KIB);
    expect(nextChunkBytes(256 * KIB, 500, LIMIT)).toBe(256 * KIB);
  });
});
