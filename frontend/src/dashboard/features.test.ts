import { readFileSync } from "node:fs";

import { Modality } from "@gen/notreally/v1/features_pb";
import { describe, expect, it } from "vitest";

import { FEATURES, featureNamed, inWords, numberOf, title } from "./features";
import { NAMES, recorded } from "./testdata/recorded";

// A test on the server's side holds that page to gateway/features/definitions.py.
const DEFINITIONS = readFileSync("../docs/features.md", "utf8");

const MODALITIES: Record<string, Modality> = {
  face: Modality.FACE,
  audio: Modality.AUDIO,
  metadata: Modality.METADATA,
  "face and audio": Modality.FACE_AND_AUDIO,
};

function documented() {
  return DEFINITIONS.split(/^## /m).flatMap((section) => {
    const name = /^`(\w+)`/.exec(section)?.[1];
    const item = (label: string) => new RegExp(`^- ${label}: (.*)$`, "m").exec(section)?.[1];
    if (!name || !item("Label")) return [];
    const sentence = item("For people");
    return [{ name, label: item("Label"), unit: item("Unit"), modality: MODALITIES[item("Modality") ?? ""], sentence }];
  });
}

describe("the features", () => {
  it("are those of docs/features.md, in its words and its order", () => {
    expect(
      FEATURES.map(({ name, label, unit, modality, sentence }) => ({ name, label, unit, modality, sentence })),
    ).toEqual(documented());
  });

  it.each(NAMES)("are written as the server writes them in the summary of %s", (name) => {
    const { result } = recorded(name);
    for (const [, label, words, from, to] of result.summary.matchAll(
      /the ([^()]+?) \(([^,)]+), (?:below|within|above) the (\S+) to (\S+) usual/g,
    )) {
      const feature = FEATURES.find((each) => label?.endsWith(each.label));
      const value = result.contributions.find((each) => each.feature === feature?.name)?.value;
      const usual = result.model?.features.find((each) => each.feature === feature?.name);
      if (!feature || value === undefined || !usual) throw new Error(`unknown: ${label}`);
      expect(inWords(feature, value, "en-US")).toBe(words);
      expect([numberOf(feature, usual.p05, "en-US"), numberOf(feature, usual.p95, "en-US")]).toEqual([from, to]);
    }
  });

  it("count one as one", () => {
    const blinking = featureNamed("blink_rate_per_min");
    if (!blinking) throw new Error();
    expect(inWords(blinking, 1, "en-US")).toBe("1 time a minute");
    expect(inWords(blinking, 17.143, "en-US")).toBe("17 times a minute");
    expect(title(blinking)).toBe("Blinking");
  });

  it("tell log-odds as a share of a hundred", () => {
    for (const name of ["face_motion_log_odds", "face_appearance_log_odds", "face_blending_log_odds", "voice_log_odds"]) {
      const feature = featureNamed(name);
      if (!feature) throw new Error(name);
      expect([-1e9, -1.5, 0, 1.5].map((value) => inWords(feature, value, "en-US"))).toEqual([
        "0 of 100",
        "18 of 100",
        "50 of 100",
        "82 of 100",
      ]);
    }
  });

  it("follow the reader's locale", () => {
    const timbre = featureNamed("mfcc_mean");
    if (!timbre) throw new Error();
    expect(inWords(timbre, 1.5, "de-DE")).toBe("1,5");
  });
});
