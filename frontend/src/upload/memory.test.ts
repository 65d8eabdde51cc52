import { beforeEach, describe, expect, it } from "vitest";

import { forget, remember, remembered, type Remembered } from "./memory";

const NOW = 1_800_000_000_000;
const entry = (id: string, sinceMs = NOW): Remembered => ({ id, filename: `${id}.mp4`, size: 1, fingerprint: "f", sinceMs });

beforeEach(() => localStorage.clear());

describe("what is remembered of videos", () => {
  it("comes back oldest first", () => {
    remember(entry("later", NOW));
    remember(entry("earlier", NOW - 1000));
    expect(remembered(NOW).map(({ id }) => id)).toEqual(["earlier", "later"]);
  });

  it("is replaced, forgotten, and no older than a week", () => {
    remember(entry("a"));
    remember({ ...entry("a"), upload: "uploads/1" });
    remember(entry("b"));
    remember(entry("old", NOW - 8 * 24 * 3600 * 1000));
    forget("b");
    expect(remembered(NOW)).toEqual([{ ...entry("a"), upload: "uploads/1" }]);
  });

  it("survives what others left in the storage", () => {
    localStorage.setItem("notreally.video.broken", "{");
    localStorage.setItem("notreally.video.other", '{"id":1}');
    localStorage.setItem("notreally.theme", "dark");
    expect(remembered(NOW)).toEqual([]);
    expect(localStorage.getItem("notreally.theme")).toBe("dark");
  });
});
