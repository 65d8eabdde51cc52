import { describe, expect, it } from "vitest";

import { FEATURES } from "./features";
import { missingReason } from "./missing";
import { NAMES, recorded } from "./testdata/recorded";

/** From "Not measured: the a and the b, because x; the c, because y. What is missing …". */
function toldBySummary(summary: string): Map<string, string> {
  const told = new Map<string, string>();
  const clauses = /Not measured: (.*?)\. What is missing/.exec(summary)?.[1]?.split("; ") ?? [];
  for (const clause of clauses) {
    const [labels = "", reason = ""] = clause.split(", because ");
    for (const { name, label } of FEATURES) if (labels.includes(`the ${label}`)) told.set(name, reason);
  }
  return told;
}

describe("the reason why a feature is missing", () => {
  it.each(NAMES)("is the server's in %s", (name) => {
    const { result } = recorded(name);
    const told = toldBySummary(result.summary);
    for (const feature of FEATURES) {
      const reason = told.get(feature.name);
      if (reason !== undefined) expect(missingReason(feature, result)).toBe(reason);
    }
  });

  it("says for every feature that no face was found", () => {
    const { result } = recorded("no_face");
    const reasons = FEATURES.map((feature) => missingReason(feature, result));
    expect(reasons.slice(0, 5)).toEqual(Array(5).fill("no face was found"));
    expect(reasons.slice(5, 8)).toEqual(Array(3).fill("the video has no sound"));
  });

  it("does not call sound that cannot be read none", () => {
    const { result } = recorded("talking");
    const [average] = FEATURES.filter(({ name }) => name === "mfcc_mean");
    if (!average || !result.metadata?.audio) throw new Error();
    result.metadata.audio.unreadable = true;
    expect(missingReason(average, result)).toBe("the sound could not be read where the video was looked at");
  });

  it("tells a voice that was not scored from one that could not be measured", () => {
    const { result } = recorded("talking");
    const sounds = FEATURES.filter(({ name }) => ["voice_log_odds", "mfcc_mean"].includes(name));
    expect(sounds.map((feature) => missingReason(feature, result))).toEqual([
      "the voice was not scored",
      "the voice could not be measured",
    ]);
  });

  it("is the missing picture in a sound file", () => {
    const { result } = recorded("sound");
    const reasons = FEATURES.map((feature) => missingReason(feature, result));
    expect(reasons.filter((reason) => reason === "there is no picture")).toHaveLength(7);
    expect(reasons.slice(5, 8)).not.toContain("there is no picture");
  });

  it("knows that the appearance network needs several pictures", () => {
    const { result } = recorded("talking");
    const learned = FEATURES.filter(({ name }) => ["face_appearance_log_odds", "face_blending_log_odds"].includes(name));
    expect(learned.map((feature) => missingReason(feature, result))).toEqual(
      Array(2).fill("too few pictures show the face well enough"),
    );
  });

  it("asks less of a face's movement than of its trembling", () => {
    const { result } = recorded("talking");
    const reasons = ["nose_jitter", "face_motion_log_odds"].map((wanted) => {
      const feature = FEATURES.find(({ name }) => name === wanted);
      if (!feature) throw new Error();
      return missingReason(feature, result);
    });
    expect(reasons).toEqual(
      [3, 2].map((seconds) => `the face is followed without a break for less than ${seconds} seconds`),
    );
  });

  it("leaves the word to the server where it gives one", () => {
    const { result } = recorded("silent");
    const [contribution] = result.contributions;
    const [feature] = FEATURES;
    if (!contribution || !feature) throw new Error();
    const told = Object.assign(contribution, { missingReason: "the eyes are behind glasses" });
    expect(missingReason(feature, result, told)).toBe("the eyes are behind glasses");
  });
});
