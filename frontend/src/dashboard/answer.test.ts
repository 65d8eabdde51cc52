import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { AnalysisResultSchema, Part, Verdict } from "@gen/notreally/v1/analysis_pb";
import { ModelSchema } from "@gen/notreally/v1/classifier_pb";
import { Modality } from "@gen/notreally/v1/features_pb";
import { describe, expect, it } from "vitest";

import { evidenceFacts } from "./evidenceFacts";
import { faceView } from "./faceView";
import { bandOf, headlineOf } from "./part";
import { partsOf, subjectOf } from "./parts";
import { pushOf, signed } from "./push";
import { strip, summariesOf, usualRange } from "./range";
import { type Name, recorded } from "./testdata/recorded";
import { givesVerdicts, hasScore, verdictInShort, verdictWords } from "./verdict";
import { voiceLimitsInWords } from "./voice";
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
    expect(verdictWords(Verdict.INCONCLUSIVE, none)).toMatchObject({
      title: "Inconclusive",
      meaning: expect.stringMatching(/gives no verdicts\./) as string,
    });
    expect(hasScore({ verdict: Verdict.INCONCLUSIVE, model: none })).toBe(false);
    expect(givesVerdicts(model({ realBelow: 0, fakeAbove: 0.9 }))).toBe(true);
  });

  it("has one name, whether or not a list says which model spoke", () => {
    const short = (verdict: Verdict, from?: ReturnType<typeof model>) => verdictInShort(create(AnalysisResultSchema, { verdict, model: from })).title;
    expect(short(Verdict.INCONCLUSIVE)).toBe("Inconclusive");
    expect(short(Verdict.INCONCLUSIVE, model({}))).toBe("Inconclusive");
    expect(short(Verdict.INCONCLUSIVE, model({ realBelow: 0, fakeAbove: 1 }))).toBe("Inconclusive");
    expect(short(Verdict.LIKELY_FAKE)).toBe("Likely fake");
  });

  it("names the voice where a list says that it is about that", () => {
    const fake = create(AnalysisResultSchema, { verdict: Verdict.LIKELY_FAKE, headline: Part.VOICE });
    expect(verdictInShort(fake)).toEqual({ title: "Likely fake (voice)", tone: "fake" });
    expect(verdictInShort(recorded("sound").result).title).toBe("Inconclusive (voice)");
    expect(verdictInShort(recorded("talking").result).title).toBe("Likely real");
  });

  it("on a voice goes by the voice's own band", () => {
    const deaf = model({ voice: { network: "1", realBelow: 0, fakeAbove: 1 } });
    expect(verdictWords(Verdict.INCONCLUSIVE, deaf, "voice").meaning).toMatch(/gives no verdicts on voices/);
    expect(verdictWords(Verdict.INCONCLUSIVE, deaf).meaning).toBe("We can’t tell whether this video is real or fake.");
    expect(hasScore({ verdict: Verdict.INCONCLUSIVE, model: deaf }, "voice")).toBe(false);
    expect(hasScore({ verdict: Verdict.INCONCLUSIVE, model: deaf })).toBe(true);
  });

  it("has no score when the evidence does not suffice", () => {
    expect(hasScore(recorded("short").result)).toBe(false);
    expect(hasScore(recorded("talking").result)).toBe(true);
  });
});

describe("a push", () => {
  it.each([
    [0, "none", "Did not change the chance"],
    [0.03, "none", "Hardly changed the chance"],
    [-0.2, "real", "Lowered the chance a little"],
    [0.5, "fake", "Raised the chance clearly"],
    [1.4, "fake", "Raised the chance strongly"],
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
    // The voice has a score of its own.
    expect(chart.groups.flatMap(({ steps }) => steps)).toHaveLength(9);
  });

  it("adds up for a result that has a measurement of an older version", () => {
    const { bias, contributions } = recorded("talking").result;
    const [other] = contributions.filter(({ feature }) => feature === "voice_log_odds");
    if (!other) throw new Error();
    Object.assign(other, { feature: "hf_face_ring_logratio", modality: Modality.FACE, contribution: 0.25 });
    const chart = waterfall(bias, contributions);
    expect(chart.total).toBeCloseTo(contributions.reduce((sum, { contribution }) => sum + contribution, bias), 9);
    expect(chart.groups[0]?.steps.at(-1)?.label).toBe("A measurement that is no longer made");
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

describe("the face and the voice", () => {
  it("have a verdict each, and the headline is about one of them", () => {
    const { result } = recorded("fake_voice");
    expect(partsOf(result)).toEqual([
      { name: "face", verdict: Verdict.LIKELY_REAL, probFake: result.faces[0]?.probFake, reasons: [] },
      { name: "voice", verdict: Verdict.LIKELY_FAKE, probFake: result.voice?.probFake, reasons: [] },
    ]);
    expect(headlineOf(result)).toBe("voice");
    expect(subjectOf(result, faceView(result))).toMatchObject({ name: "voice", probFake: result.probFake });
  });

  it("are not told apart by an older server", () => {
    const { result } = recorded("talking");
    Object.assign(result, { voice: undefined, headline: Part.UNSPECIFIED });
    expect(partsOf(result)).toEqual([]);
    expect(subjectOf(result, faceView(result))).toMatchObject({ name: "face", probFake: result.probFake });
  });

  it("say why they were not looked at", () => {
    const reasons = (name: Name) => partsOf(recorded(name).result).map((part) => [part.verdict, ...part.reasons]);
    expect(reasons("sound")[0]).toEqual([undefined, "A sound file has no picture."]);
    expect(reasons("silent")[1]).toEqual([undefined, "The video has no sound."]);
    expect(reasons("short")[1]).toEqual([Verdict.INSUFFICIENT, expect.stringMatching(/^The voice can be heard for 1\.6/)]);
  });

  it("give the headline of a sound file to the voice, even if there is too little of it", () => {
    const { result } = recorded("sound");
    Object.assign(result, { verdict: Verdict.INSUFFICIENT, headline: Part.FACE });
    expect(headlineOf(result)).toBe("voice");
  });

  it("say that no face was found where the voice has the headline", () => {
    const { result } = recorded("no_face");
    result.headline = Part.VOICE;
    result.verdict = Verdict.LIKELY_FAKE;
    result.insufficiency = [];
    expect(faceView(result)).toMatchObject({ verdict: Verdict.INSUFFICIENT });
    expect(partsOf(result)[0]?.reasons).toEqual(["No face was found in the analysed frames."]);
  });

  it("of which another is chosen keeps the headline's voice out of it", () => {
    const { result } = recorded("two_faces");
    result.headline = Part.VOICE;
    result.verdict = Verdict.LIKELY_FAKE;
    const second = faceView(result, result.faces[1]?.number);
    expect(subjectOf(result, second)).toMatchObject({ name: "face", verdict: result.faces[1]?.verdict });
  });
});

describe("what the model says of voices", () => {
  it("is nothing where it judges none", () => {
    expect(bandOf(model({ voice: {} }), "voice")).toBeUndefined();
    expect(bandOf(model({}), "voice")).toBeUndefined();
    expect(bandOf(model({ voice: { network: "1", realBelow: 0.1, fakeAbove: 0.9 } }), "voice")).toMatchObject({
      realBelow: 0.1,
      fakeAbove: 0.9,
    });
  });

  it.each([
    [0.2, 0.9, "likely real below 20% and likely fake above 90%. In between it gives no verdict."],
    [0, 0.9, "never calls one likely real"],
    [0.2, 1, "never calls one likely fake"],
    [0, 1, "gives no verdicts on voices"],
  ])("from a band of %d to %d", (realBelow, fakeAbove, words) => {
    expect(voiceLimitsInWords({ realBelow, fakeAbove }, "en-US")).toContain(words);
  });

  it("holds the usual range of its readings", () => {
    const { model: of } = recorded("talking").result;
    expect(usualRange(summariesOf(of), "voice_log_odds")).toMatchObject({ p05: -3.7, p50: -1.6, p95: 1.3, max: 8.4 });
    expect(usualRange(summariesOf(model({})), "voice_log_odds")).toBeUndefined();
    expect(summariesOf(undefined)).toEqual([]);
  });
});

describe("the evidence", () => {
  it("is a sound file's voice alone where there is no picture", () => {
    const { quality, metadata } = recorded("sound").result;
    if (!quality) throw new Error();
    expect(evidenceFacts(quality, metadata, "en-US").map(({ label }) => label)).toEqual(["Listened to", "Voice"]);
  });

  const limits = (name: "talking" | "away" | "short" | "long") => {
    const { quality, metadata } = recorded(name).result;
    if (!quality) throw new Error();
    return evidenceFacts(quality, metadata, "en-US").filter(({ limit }) => limit);
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
