import { describe, expect, it } from "vitest";

import {
  formatBytes,
  formatCount,
  formatDateTime,
  formatDuration,
  formatNumber,
  formatPercent,
  formatProbability,
  formatSignificant,
  formatSpeed,
  formatTimecode,
  formatTimeLeft,
} from "./format";

const EN = "en-GB";
const DE = "de-DE";

/** Without the special spaces. */
function plain(text: string): string {
  return text.replace(/[\u00a0\u202f]/g, " ");
}

describe("numbers", () => {
  it("follow the reader's locale", () => {
    expect(formatNumber(1234.56, 1, EN)).toBe("1,234.6");
    expect(formatNumber(1234.56, 1, DE)).toBe("1.234,6");
    expect(formatSignificant(0.009512, 2, EN)).toBe("0.0095");
    expect(formatSignificant(-0.31, 2, EN)).toBe("\u22120.31");
    expect(plain(formatPercent(0.734, 0, DE))).toBe("73 %");
    expect(formatCount(1, "video", "videos", EN)).toBe("1 video");
    expect(formatCount(3, "video", "videos", EN)).toBe("3 videos");
  });

  it("that are probabilities are never called certain", () => {
    expect(formatProbability(0.001, EN)).toBe("<\u202f1%");
    expect(formatProbability(0.9999, EN)).toBe(">\u202f99%");
    expect(formatProbability(0.5, EN)).toBe("50%");
  });
});

describe("sizes", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1 kB"],
    [999_600, "1 MB"],
    [1_845_657, "1.8 MB"],
    [99_960_000, "100 MB"],
    [123_456_789, "123 MB"],
    [100_000_000n, "100 MB"],
    [2_500_000_000, "2.5 GB"],
  ])("%s bytes are %s", (bytes, expected) => {
    expect(plain(formatBytes(bytes, EN))).toBe(expected);
  });

  it("a second are speeds", () => {
    expect(plain(formatSpeed(8_700_000, EN))).toBe("8.7 MB/s");
  });
});

describe("times", () => {
  it.each([
    [0.04, "0 s"],
    [4.24, "4.2 s"],
    [9.97, "10 s"],
    [59.6, "1 min"],
    [80, "1 min 20 s"],
    [3600, "1 h"],
    [7500, "2 h 5 min"],
  ])("%s seconds last %s", (seconds, expected) => {
    expect(plain(formatDuration(seconds, EN))).toBe(expected);
  });

  it.each([
    [0.2, "about a second left"],
    [7.4, "about 7 seconds left"],
    [33, "about 35 seconds left"],
    [58, "about a minute left"],
    [600, "about 10 minutes left"],
    [3600, "about an hour left"],
    [10_000, "about 3 hours left"],
  ])("%s more seconds are %s", (seconds, expected) => {
    expect(formatTimeLeft(seconds)).toBe(expected);
  });

  it.each([
    [0, 1, "0:00.0"],
    [65.34, 1, "1:05.3"],
    [59.96, 1, "1:00.0"],
    [59.6, 0, "1:00"],
    [3725, 0, "1:02:05"],
    [-1, 1, "0:00.0"],
  ])("%s seconds into a video, with %s decimals, is %s", (seconds, digits, expected) => {
    expect(formatTimecode(seconds, digits)).toBe(expected);
  });

  it("of day are the reader's", () => {
    expect(plain(formatDateTime(new Date(2026, 10, 23, 8, 4), EN))).toBe("23 Nov 2026, 08:04");
  });
});
