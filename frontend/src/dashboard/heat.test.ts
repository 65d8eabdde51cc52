import { create } from "@bufbuild/protobuf";
import { ThumbnailSchema } from "@gen/notreally/v1/analysis_pb";
import { FeatureSummarySchema } from "@gen/notreally/v1/classifier_pb";
import { HeatMapSchema } from "@gen/notreally/v1/media_pb";
import { describe, expect, it } from "vitest";

import { heatOpacities, heatScale, moments, mostTelling, strongestPart, unusualness, unusualnessInWords } from "./heat";

const picture = (timeS: number, places: number[], side = Math.sqrt(places.length)) =>
  create(ThumbnailSchema, { timeS, heat: { side, places, logOdds: places.reduce((a, b) => a + b, 0) / places.length } });

describe("moments", () => {
  it("are the scored pictures in the order of time", () => {
    const all = moments([picture(3, [1]), create(ThumbnailSchema, { timeS: 2 }), picture(1, [5])]);
    expect(all.map(({ timeS }) => timeS)).toEqual([1, 3]);
    expect(mostTelling(all)?.timeS).toBe(1);
    expect(mostTelling([])).toBeNull();
  });

  it("leave out a map that is not what it says", () => {
    expect(moments([picture(1, [1, 2, 3], 2), picture(2, [], 0)])).toEqual([]);
  });

  it("share one scale, which never makes much of little", () => {
    expect(heatScale(moments([picture(1, [0.1, -0.2, 0, 0])]))).toBe(2);
    expect(heatScale(moments([picture(1, [0.1, -9, 0, 0]), picture(2, [4])]))).toBe(9);
  });
});

describe("a heat map", () => {
  it("is stronger the more a square says, up to a limit that leaves the face visible", () => {
    const [weak, strong, beyond, real] = heatOpacities(create(HeatMapSchema, { side: 2, places: [1, 2, 20, -2] }), 2);
    expect(weak).toBeCloseTo((strong ?? 0) / 2);
    expect(beyond).toBe(strong);
    expect(strong).toBeLessThan(0.8);
    expect(real).toBe(-(strong ?? 0));
  });

  it.each([
    [[9, 0, 0, 0, 0, 0, 0, 0, 0], "the upper left"],
    [[0, 0, 0, 0, 9, 0, 0, 0, 0], "the middle"],
    [[0, 0, 0, 0, 0, 0, 0, 9, 0], "the lower middle"],
    [[-1, -1, -1, -1, -1, -1, -1, -1, -2], null],
  ])("says where it is strongest: %j", (places, where) => {
    expect(strongestPart(create(HeatMapSchema, { side: 3, places }))).toBe(where);
  });
});

describe("how unusual a score is", () => {
  const usual = create(FeatureSummarySchema, { p05: -3, p50: -2, p95: 0 });

  it.each([
    [-9, -1, "looks like real videos"],
    [-0.01, -0.005, "looks like real videos"],
    [0.5, 0.25, "looks a little more like forgeries than most real videos"],
    [9, 1, "looks more like forgeries than real videos do"],
  ])("%d", (logOdds, value, words) => {
    expect(unusualness(logOdds, usual)).toBeCloseTo(value);
    expect(unusualnessInWords(value)).toBe(words);
  });
});
