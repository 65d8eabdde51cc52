import { create } from "@bufbuild/protobuf";
import { ThumbnailSchema } from "@gen/notreally/v1/analysis_pb";
import { FeatureSummarySchema } from "@gen/notreally/v1/classifier_pb";
import { HeatMapSchema } from "@gen/notreally/v1/media_pb";
import { describe, expect, it } from "vitest";

import {
  heatInFewWords,
  heatInWords,
  heatOpacities,
  heatScale,
  heatUnusualness,
  moments,
  mostTelling,
  readingOf,
  strongestPart,
  unusualness,
  unusualnessInWords,
} from "./heat";

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
    [0.5, 0.25, "looks a little more synthesised than most real videos"],
    [9, 1, "looks more synthesised than real videos do"],
  ])("%d", (logOdds, value, words) => {
    expect(unusualness(logOdds, usual)).toBeCloseTo(value);
    expect(unusualnessInWords(value, "appearance")).toBe(words);
  });

  it("is said of each reading in words of its own", () => {
    const said = (["appearance", "blending", "movement"] as const).map((reading) =>
      [-1, 0.25, 1].map((value) => unusualnessInWords(value, reading)),
    );
    expect(new Set(said.flat())).toHaveProperty("size", 9);
    expect(said[1]).toEqual([
      "shows no more traces of blending than real videos",
      "shows slightly more traces of blending than most real videos",
      "shows more traces of blending than real videos do",
    ]);
    expect(said[2]?.[2]).toBe("moves more like forgeries than real videos do");
  });
});

describe("what a picture shows", () => {
  const summaries = [
    create(FeatureSummarySchema, { feature: "face_appearance_log_odds", p05: -3, p50: -2, p95: 0 }),
    create(FeatureSummarySchema, { feature: "face_blending_log_odds", p05: -1, p50: 1, p95: 3 }),
  ];
  const heat = (feature: string, logOdds: number) =>
    create(HeatMapSchema, { side: 1, places: [logOdds], logOdds, feature });

  it("is measured by the range of its own feature", () => {
    expect(heatUnusualness(heat("face_appearance_log_odds", 1), summaries)).toBeCloseTo(0.5);
    expect(heatUnusualness(heat("face_blending_log_odds", 1), summaries)).toBeCloseTo(-1);
    expect(heatUnusualness(heat("face_blending_log_odds", 5), summaries)).toBeCloseTo(1);
  });

  it.each(["", "face_appearance_variation"])("is its appearance where an older version names %j", (feature) => {
    expect(readingOf(heat(feature, 1))).toBe("appearance");
    expect(heatUnusualness(heat(feature, 1), summaries)).toBeCloseTo(0.5);
  });

  it.each([
    ["face_appearance_log_odds", 9, "looks synthesised", "looks more synthesised than real videos do"],
    ["face_blending_log_odds", 9, "shows traces of blending", "shows more traces of blending than real videos do"],
    ["face_blending_log_odds", 2, "looks like real videos", "shows no more traces of blending than real videos"],
    ["face_appearance_log_odds", -1, "looks like real videos", "looks like real videos"],
  ])("is said in few words and in many: %s, %d", (feature, logOdds, few, many) => {
    const sign = logOdds > 0 ? ", strongest sign in the middle" : "";
    expect(heatInFewWords(heat(feature, logOdds), summaries)).toBe(few);
    expect(heatInWords(heat(feature, logOdds), summaries)).toBe(many + sign);
  });

  it("is not judged where the model knows no range of its feature", () => {
    const known = summaries.slice(0, 1);
    expect(heatUnusualness(heat("face_blending_log_odds", 9), known)).toBeUndefined();
    expect(heatInFewWords(heat("face_blending_log_odds", 9), known)).toBe("scored for traces of blending");
    expect(heatInWords(heat("face_appearance_log_odds", -9), [])).toBe("scored for looking synthesised");
  });
});
