import { describe, expect, it } from "vitest";

import { Speed } from "./speed";

describe("upload speed", () => {
  it("is not known at once", () => {
    const speed = new Speed();
    speed.add(0, 0);
    speed.add(1000, 100);
    expect(speed.bytesPerSecond).toBeUndefined();
  });

  it("is bytes over seconds", () => {
    const speed = new Speed();
    for (let second = 0; second <= 4; second++) speed.add(second * 2_000_000, second * 1000);
    expect(speed.bytesPerSecond).toBe(2_000_000);
  });

  it("follows the last seconds, not the whole", () => {
    const speed = new Speed();
    for (let second = 0; second <= 20; second++) speed.add(second * 1_000_000, second * 1000);
    for (let second = 21; second <= 40; second++) speed.add(20_000_000 + (second - 20) * 5_000_000, second * 1000);
    expect(speed.bytesPerSecond).toBe(5_000_000);
  });

  it("does not count what was there before, nor a pause", () => {
    const speed = new Speed();
    speed.add(50_000_000, 0);
    speed.add(51_000_000, 1000);
    expect(speed.bytesPerSecond).toBe(1_000_000);
    speed.clear();
    speed.add(51_000_000, 100_000);
    speed.add(52_000_000, 101_000);
    expect(speed.bytesPerSecond).toBe(1_000_000);
  });
});
