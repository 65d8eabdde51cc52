import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Verdict } from "@gen/notreally/v1/analysis_pb";
import { ModelSchema } from "@gen/notreally/v1/classifier_pb";
import { Modality } from "@gen/notreally/v1/features_pb";
import { describe, expect, it } from "vitest";

import { evidenceFacts } from "./evidenceFacts";
import { faceView } from "./faceView";
import { pushOf, signed } from "./push";
import { strip } from "./range";
import { recorded } from "./testdata/recorded";
import { givesVerdicts, hasScore, rankingInWords, verdictInShort, verdictWords } from "./verdict";
import { waterfall } from "./waterfall";

const model = (fields: MessageInitShape<typeof ModelSchema>) =>
  create(ModelSchema, { version: "1", realBelow: 0.4, fakeAbove: 0.6, ...fields });

describe("a verdict", () => {
  it("is red only when it is evidence towards fake", () => {
    const tones = [Verdict.LIKELY_REAL, Verdict.LIKELY_FAKE, Verdict.INCONCLUSIVE, Verdict.INSUFFICIENT].map(
      (verdict) => verdictWords(verdict, model({})).tone,
    );
    expect(tones).toEqual(["real", "fake", "inconclusive", "neutral"]);
  });

  it("is none from a model whose band holds the whole scale", () => {
    const none = model({ realBelow: 0, fakeAbove: 1 });
    expect(givesVerdicts(none)).toBe(false);
    expect(verdictWords(Verdict.INCONCLUSIVE, none).title).toBe("No verdict");
    expect(hasScore({ verdict: Verdict.INCONCLUSIVE, model: none })).toBe(false);
    expect(givesVerdicts(model({ realBelow: 0, fakeAbove: 0.9 }))).toBe(true);
  });

  it("contradicts no dashboard where a list does not say which model spoke", () => {
    const short = (verdict: Verdict, from?: ReturnType<typeof model>) => verdictInShort({ verdict, model: from }).title;
    expect(short(Verdict.INCONCLUSIVE)).toBe("No clear verdict");
    expect(short(Verdict.INCONCLUSIVE, model({}))).toBe("Inconclusive");
    expect(short(Verdict.INCONCLUSIVE, model({ realBelow: 0, fakeAbove: 1 }))).toBe("No verdict");
    expect(short(Verdict.LIKELY_FAKE)).toBe("Likely fake");
  });

  it("has no score when the evidence does not suffice", () => {
    expect(hasScore(recorded("short").result)).toBe(false);
    expect(hasScore(recorded("talking").result)).toBe(true);
  });

  it("comes with what the model's AUC means", () => {
    expect(rankingInWords(model({ crossValidatedAuc: 0.81 }), "en-US")).toContain("81 times in 100; a coin toss would do so 50 times");
    expect(rankingInWords(model({}))).toBeNull();
  });
});

describe("a push", () => {
  it.each([
    [0, "none", "Did not move the score"],
    [0.03, "none", "Hardly moved the score"],
    [-0.2, "real", "Pushed a little towards real"],
    [0.5, "fake", "Pushed clearly towards fake"],
    [1.4, "fake", "Pushed strongly towards fake"],
  ])("of %d is %s", (contribution, direction, words) => {
    expect(pushOf(contribution)).toMatchObject({ direction, words });
  });

  it("has a sign as wide as a plus", () => {
    expect([signed(0.3, "en-US"), signed(-0.3, "en-US"), signed(0, "en-US")]).toEqual(["+0.30", "\u22120.30", "0.00"]);
  });
});

describe("the waterfall", () => {
  it("adds up to the log-odds, modality by modality", () => {
    const { bias, contributions } = recorded("talking").result;
    const chart = waterfall(bias, contributions);
    const total = contributions.reduce((sum, { contribution }) => sum + contribution, bias);
    expect(chart.total).toBeCloseTo(total, 9);
    expect(chart.groups.map(({ modality }) => modality)).toEqual([
      Modality.FACE,
      Modality.AUDIO,
      Modality.FACE_AND_AUDIO,
      Modality.METADATA,
    ]);
    expect(chart.groups.reduce((sum, group) => sum + group.sum, bias)).toBeCloseTo(total, 9);
    expect(chart.groups.flatMap(({ steps }) => steps)).toHaveLength(10);
  });

  it("goes on where the step before ended, inside its bounds", () => {
    const { bias, contributions } = recorded("away").result;
    const chart = waterfall(bias, contributions);
    let at = bias;
    for (const step of chart.groups.flatMap(({ steps }) => steps)) {
      expect(step.from).toBe(at);
      at = step.to;
      expect(at).toBeGreaterThanOrEqual(chart.least);
      expect(at).toBeLessThanOrEqual(chart.greatest);
    }
    expect(chart.least).toBeLessThanOrEqual(0);
    expect(chart.greatest).toBeGreaterThanOrEqual(0);
  });

  it("says which steps the model took without a value", () => {
    const { bias, contributions } = recorded("silent").result;
    const missing = waterfall(bias, contributions).groups.flatMap(({ steps }) => steps.filter((step) => step.missing));
    expect(missing.map(({ key }) => key)).toEqual(["blink_rate_per_min", "mfcc_mean", "mfcc_std", "av_sync_corr"]);
  });
});

describe("the strip of real videos", () => {
  const usual = { p05: 10, p50: 15, p95: 20 } as Parameters<typeof strip>[1];

  it("has the typical range in its middle", () => {
    expect(strip([15], usual)).toMatchObject({ low: 0.25, high: 0.75, marks: [{ place: "typical", share: 0.5 }] });
  });

  it("stretches to a value outside, and no further than it can be read", () => {
    expect(strip([4], usual).marks).toEqual([{ place: "below", share: 0 }]);
    const far = strip([1000], usual);
    expect(far.marks).toEqual([{ place: "above", share: 1 }]);
    expect(far.high - far.low).toBeGreaterThan(0.3);
  });

  it("holds two values on one scale", () => {
    const [one, other] = strip([12, 24], usual).marks;
    expect(one?.share).toBeLessThan(other?.share ?? 0);
  });

  it("survives a range without width", () => {
    expect(strip([0], { p05: 0, p50: 0, p95: 0 } as Parameters<typeof strip>[1]).marks[0]?.share).toBe(0.5);
  });
});

describe("one of several faces", () => {
  it("is the headline's unless another one is chosen", () => {
    const { result } = recorded("two_faces");
    const [first, second] = result.faces;
    expect(faceView(result)).toMatchObject({ number: first?.number, headline: true, probFake: result.probFake });
    expect(faceView(result, second?.number)).toMatchObject({
      number: second?.number,
      headline: false,
      probFake: second?.probFake,
    });
  });

  it("is none where no face was found", () => {
    expect(faceView(recorded("no_face").result)).toMatchObject({
      number: 0,
      headline: true,
      verdict: Verdict.INSUFFICIENT,
    });
  });
});

describe("the evidence", () => {
  const limits = (name: "talking" | "away" | "short" | "long") => {
    const { quality, metadata } = recorded(name).result;
    if (!quality) throw new Error();
    return evidenceFacts(quality, metadata?.audio !== undefined, "en-US").filter(({ limit }) => limit);
  };

  it("has no limits where there are none", () => {
    expect(limits("talking")).toEqual([]);
  });

  it("says what limits it", () => {
    expect(limits("away").map(({ label }) => label)).toEqual(["Face seen in"]);
    expect(limits("short").map(({ label }) => label)).toEqual(["Voice"]);
    expect(limits("long").map(({ label, limit }) => [label, limit])).toEqual([
      ["Looked at", "sampled over the whole length"],
    ]);
  });
});
