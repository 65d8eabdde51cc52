import { describe, expect, it } from "vitest";

import { featureNamed, type FeatureText } from "@/dashboard/features";

import { difference } from "./difference";

const feature = (name: string): FeatureText => featureNamed(name) as FeatureText;

describe("a difference", () => {
  it("is told in the units people read", () => {
    expect(difference(feature("nose_jitter"), 0.0027, 0.0041, "en-US")).toBe("+0.14");
    expect(difference(feature("voice_log_odds"), 1, -1, "en-US")).toBe("\u221246");
  });

  it("is none between values that read the same", () => {
    expect(difference(feature("blink_rate_per_min"), 17.1, 16.9, "en-US")).toBe("same");
  });

  it("is not known where one is missing", () => {
    expect(difference(feature("mfcc_mean"), 1, undefined)).toBeNull();
    expect(difference(feature("mfcc_mean"), undefined, 1)).toBeNull();
  });
});
