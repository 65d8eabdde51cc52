import { create } from "@bufbuild/protobuf";
import { ChannelMix, SpectrogramSchema } from "@gen/notreally/v1/audio_pb";
import { FaceSeriesSchema, SeriesSchema, SoundSeriesSchema } from "@gen/notreally/v1/series_pb";
import { describe, expect, it, vi } from "vitest";

import { recorded } from "@/dashboard/testdata/recorded";

import { between, css } from "./Canvas";
import { describeEyes, describeJitter, describeMouth, describeSound, perSecondRows, channelsShown } from "./describe";
import { leftOf, roundUp, timeTicks, timeUnder } from "./geometry";
import { Playhead } from "./playhead";
import {
  analyzedSpans,
  blinkTimes,
  bySecond,
  faceTrace,
  gapsBetween,
  lastTime,
  loudnessTrace,
  median,
  mergeSeries,
  present,
  quantile,
  valueAt,
} from "./series";
import { frequencyMarks, strength } from "./spectrogram";
import { describeStretches, fromTo, readingAt, rows, type Stretch, suspiciousSpans } from "./voice";

const series = (name: "talking" | "away" | "long") => recorded(name).result.series ?? create(SeriesSchema);
const window = (startS: number, endS: number, values: number[]) =>
  create(FaceSeriesSchema, {
    window: { startS, endS },
    timesS: values.map((_, index) => startS + index / 10),
    eyeAspectRatio: values,
  });

describe("a trace", () => {
  it("is not broken between windows that touch", () => {
    const trace = faceTrace(series("talking").faces, "eyeAspectRatio");
    expect(trace).toHaveLength(420);
    expect(present(trace)).toHaveLength(420);
  });

  it("is broken where nothing was looked at", () => {
    const trace = faceTrace([window(0, 0.3, [1, 2, 3]), window(5, 5.3, [4, 5, 6])], "eyeAspectRatio");
    expect(trace.map(({ value }) => value)).toEqual([1, 2, 3, null, 4, 5, 6]);
  });

  it("is broken where the face was away", () => {
    const trace = faceTrace(series("away").faces, "eyeAspectRatio");
    expect(valueAt(trace, 1)).toBeGreaterThan(0.2);
    expect(valueAt(trace, 4)).toBeNull();
  });

  it("gives loudness in decibels of full scale", () => {
    const values = present(loudnessTrace(series("talking").sounds));
    expect(Math.max(...values)).toBeLessThan(0);
    expect(Math.min(...values)).toBeGreaterThan(-101);
  });

  it("can be read at a time, and not beside it", () => {
    const trace = [
      { t: 0, value: 1 },
      { t: 0.1, value: 2 },
    ];
    expect([valueAt(trace, 0.04), valueAt(trace, 0.06), valueAt(trace, 0.5)]).toEqual([1, 2, null]);
  });

  it("can be told by the second", () => {
    const rows = bySecond([
      { t: 0.1, value: 1 },
      { t: 0.9, value: 3 },
      { t: 1.5, value: null },
      { t: 2.5, value: 5 },
    ]);
    expect(rows).toEqual([
      { start: 0, mean: 2, least: 1, greatest: 3 },
      { start: 2, mean: 5, least: 5, greatest: 5 },
    ]);
  });
});

describe("series that arrive in parts", () => {
  it("are put in order, each window once", () => {
    const late = create(SeriesSchema, { faces: [window(4, 8, [2])] });
    const early = create(SeriesSchema, { faces: [window(0, 4, [1])] });
    const again = create(SeriesSchema, { faces: [window(4, 8, [3])] });
    const merged = mergeSeries([late, early, again]);
    expect(merged.faces.map(({ eyeAspectRatio }) => eyeAspectRatio)).toEqual([[1], [3]]);
    expect(lastTime(merged)).toBe(8);
  });
});

describe("what was not looked at", () => {
  it("is nothing of a short video", () => {
    expect(gapsBetween(analyzedSpans(series("talking")), 14)).toEqual([]);
  });

  it("lies between the windows of a long one", () => {
    const gaps = gapsBetween(analyzedSpans(series("long")), 40);
    expect(gaps.length).toBeGreaterThan(2);
    for (const { start, end } of gaps) expect(end).toBeGreaterThan(start);
  });

  it("is all of it when nothing came", () => {
    expect(gapsBetween([], 5)).toEqual([{ start: 0, end: 5 }]);
  });
});

describe("the middle of values", () => {
  it("is their median", () => {
    expect([median([]), median([3]), median([4, 1, 3]), median([4, 1, 3, 2])]).toEqual([null, 3, 3, 2.5]);
    expect([quantile([], 0.5), quantile([1, 2, 3, 4], 0.98)]).toEqual([null, 4]);
  });
});

describe("an axis", () => {
  it("has round times", () => {
    expect(timeTicks(14)).toEqual([0, 2, 4, 6, 8, 10, 12, 14]);
    expect(timeTicks(600)).toEqual([0, 120, 240, 360, 480, 600]);
    expect(timeTicks(0)).toEqual([0]);
  });

  it("ends at a round number", () => {
    expect([0.34, 1, 1.1, 27, 0].map(roundUp)).toEqual([0.4, 1, 1.2, 30, 1]);
  });

  it("finds the time under the pointer, inside the video", () => {
    expect(timeUnder(42, 476, 10)).toBe(0);
    expect(timeUnder(242, 476, 10)).toBeCloseTo(5);
    expect([timeUnder(0, 476, 10), timeUnder(999, 476, 10)]).toEqual([0, 10]);
    expect(leftOf(5, 10)).toBe("calc(42px + (100% - 76px) * 0.50000)");
  });
});

describe("a spectrogram", () => {
  it("marks round frequencies that are not too close", () => {
    const bands = 64;
    const frequenciesHz = Array.from({ length: bands }, (_, band) => 60 * 1.08 ** band);
    const marks = frequencyMarks(create(SpectrogramSchema, { bands, frequenciesHz }));
    expect(marks.map(({ label }) => label)).toEqual(["125", "500", "2k"]);
    for (const [index, mark] of marks.entries())
      expect(mark.share - (marks[index - 1]?.share ?? -1)).toBeGreaterThanOrEqual(0.15);
  });

  it("shows nothing as nothing and loud as full", () => {
    expect([strength(0), strength(255)]).toEqual([0, 1]);
    const ramp = [
      [0, 0, 0],
      [100, 0, 0],
      [100, 200, 0],
    ] as const;
    expect([0, 0.25, 0.75, 1].map((share) => css(between(ramp, share)))).toEqual([
      "rgb(0 0 0)",
      "rgb(50 0 0)",
      "rgb(100 100 0)",
      "rgb(100 200 0)",
    ]);
  });
});

describe("a chart in words", () => {
  const { faces, sounds } = series("talking");
  const eyes = faceTrace(faces, "eyeAspectRatio");

  it("says when the eyes blinked", () => {
    expect(describeEyes(eyes, blinkTimes(faces))).toMatch(/4 blinks are marked, at 0:01\.9, 0:05\.4/);
    expect(describeEyes(eyes, [])).toContain("No blink is marked");
  });

  it("says how much the nose jitters and what is usual", () => {
    const words = describeJitter([{ t: 0, value: 0.9 }], 0.3, { from: 0.17, to: 1.2 });
    expect(words).toContain("less than 0.3 percent");
    expect(words).toContain("between 0.17 and 1.2 percent");
  });

  it("says when there is no sound to compare the mouth with", () => {
    expect(describeMouth(eyes, [])).toContain("no sound");
    expect(describeMouth(eyes, loudnessTrace(sounds))).toContain("decibels");
  });

  it("says which channels of the sound are drawn", () => {
    const every = create(SoundSeriesSchema, { channelMix: ChannelMix.ALL });
    const lone = create(SoundSeriesSchema, { channelMix: ChannelMix.LOUDEST });
    expect(channelsShown([every, every])).toBe("All its channels are shown as one.");
    expect(channelsShown([every, lone])).toContain("cancel each other out");
  });

  it("says how loud the sound is, where any of it lasts", () => {
    const words = describeSound([{ t: 0, value: -30 }, { t: 1, value: null }, { t: 2, value: -12 }], 440);
    expect(words).toContain("between −30 and −12 decibels");
    expect(words).toContain("440 hertz");
    expect(describeSound([{ t: 0, value: null }], null)).toBe(
      "There is too little sound in one piece to measure its loudness.",
    );
  });

  it("has a row for each second", () => {
    expect(perSecondRows(eyes, String, () => ["x"])).toHaveLength(14);
  });
});

describe("the playhead", () => {
  it("shows where the reader points, else where the video is", () => {
    const playhead = new Playhead();
    playhead.moved(3);
    playhead.point(5);
    expect(playhead.cursor()).toBe(5);
    playhead.point(null);
    expect(playhead.cursor()).toBe(3);
  });

  it("moves by itself until there is a player, which then goes to the chosen time", () => {
    const playhead = new Playhead();
    const heard = vi.fn();
    const forget = playhead.subscribe(heard);
    playhead.seek(4);
    expect(playhead.time()).toBe(4);
    expect(heard).toHaveBeenCalledOnce();
    const seek = vi.fn();
    const release = playhead.drivenBy(seek);
    expect(seek).toHaveBeenLastCalledWith(4);
    playhead.seek(7);
    expect(seek).toHaveBeenLastCalledWith(7);
    release();
    forget();
    playhead.seek(1);
    expect(seek).toHaveBeenCalledTimes(2);
    expect(heard).toHaveBeenCalledOnce();
  });
});

describe("the stretches of a voice", () => {
  const stretch = (start: number, end: number, logOdds: number): Stretch => ({ start, end, logOdds, suspicious: logOdds > 3 });
  const all = [stretch(0, 4, 1), stretch(2, 6, 4), stretch(4, 8, 5), stretch(6, 10, 0), stretch(14, 18, 6)];

  it("are joined where they sound synthesised and touch", () => {
    expect(suspiciousSpans(all).map(fromTo)).toEqual(["From 0:02 to 0:08", "From 0:14 to 0:18"]);
    expect(suspiciousSpans([])).toEqual([]);
  });

  it("do not cover each other", () => {
    expect(rows(all)).toEqual([0, 1, 0, 1, 0]);
    expect(rows([stretch(0, 4, 0), stretch(1, 5, 0), stretch(2, 6, 0)])).toEqual([0, 1, 2]);
  });

  it("can be read at a time, as the mean of those around it", () => {
    expect([1, 3, 12, 15].map((t) => readingAt(all, t))).toEqual([1, 2.5, null, 6]);
  });

  it("are told to those who do not see them", () => {
    expect(describeStretches(all)).toBe(
      "The voice was scored in 5 stretches. From 0:02 to 0:08 it sounds synthesised. From 0:14 to 0:18 it sounds synthesised.",
    );
    expect(describeStretches([])).toBe("");
  });
});
