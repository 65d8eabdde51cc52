import { create } from "@bufbuild/protobuf";
import { ModelSchema } from "@gen/notreally/v1/classifier_pb";
import { MediaFactsSchema } from "@gen/notreally/v1/metadata_pb";
import { describe, expect, it } from "vitest";

import { boxAt, boxTrack, firstFrameAt } from "./boxes";
import { analysisJson, jsonName } from "./exportJson";
import { fileRows, soundRows, videoRows } from "./fileFacts";
import { modelRows, timingRows, voiceRows } from "./modelFacts";
import { recorded } from "./testdata/recorded";
import { Server } from "@/testing/server";

describe("the face in the picture", () => {
  const track = boxTrack(recorded("away").result.series?.faces ?? []);

  it("is where it was in the nearest frame", () => {
    const box = boxAt(track, 1);
    expect(box?.width).toBeGreaterThan(0.1);
    expect(box && box.left + box.width).toBeLessThan(1);
    expect(boxAt(track, 1.004)).toEqual(box);
  });

  it("is nowhere while the face is away, nor after the end", () => {
    expect(boxAt(track, 4)).toBeNull();
    expect(boxAt(track, 99)).toBeNull();
    expect(boxAt(boxTrack([]), 0)).toBeNull();
  });

  it("is found on the player's clock, which counts from the first stream", () => {
    const facts = (video: number, audio?: number) =>
      create(MediaFactsSchema, {
        video: { startS: video },
        audio: audio === undefined ? undefined : { startS: audio },
      });
    expect(firstFrameAt(facts(0.08, 0))).toBeCloseTo(0.08);
    expect(firstFrameAt(facts(2))).toBe(0);
    expect(firstFrameAt(facts(0, 0.5))).toBe(0);
    expect(firstFrameAt(undefined)).toBe(0);
  });
});

describe("the file's facts", () => {
  const { result, media } = recorded("talking");
  const facts = result.metadata;
  if (!facts) throw new Error();

  it("carry their units", () => {
    expect(Object.fromEntries(fileRows(facts, media, "en-US"))).toMatchObject({
      "Bit rate": "4.2 Mbit/s",
      Size: "7.4\u202fMB",
    });
    expect(Object.fromEntries(videoRows(facts, "en-US"))).toMatchObject({
      Picture: "480 × 360",
      "Frames a second": "30",
    });
    expect(Object.fromEntries(soundRows(facts, "en-US"))).toMatchObject({
      "Sample rate": "16 kHz",
      "Bit rate": "51 kbit/s",
    });
  });

  it("leave out what is not known", () => {
    expect(soundRows(create(MediaFactsSchema, {}))).toEqual([]);
    expect(videoRows(create(MediaFactsSchema, { video: { width: 2, height: 2 } })).map(([label]) => label)).toEqual([
      "Codec",
      "Picture",
    ]);
  });

  it("say how the verdicts did in tests, with the figures of the model's record", () => {
    if (!result.model) throw new Error();
    const record = { tested: 1234, given: 0.066, wrongFake: 0.0622, caught: 0.072 };
    const model = create(ModelSchema, { version: "1", fakeAbove: 0.9, record });
    expect(Object.fromEntries(modelRows(model, "en-GB"))).toMatchObject({
      "Tested on": "1,234 videos",
      "Verdicts given": "6.6%",
      "Wrong when likely fake": "6.2%",
      "Fakes called fake": "7.2%",
    });
    expect(modelRows(result.model).map(([label]) => label)).not.toContain("Tested on");
  });

  it("stand beside the model's", () => {
    if (!result.model) throw new Error();
    expect(Object.fromEntries(modelRows(result.model, "en-US"))).toMatchObject({
      "Likely real / fake": "under 40% / over 60%",
    });
    expect(Object.fromEntries(voiceRows(result.model, "en-US"))).toMatchObject({
      "Fitted to": "4,210 recordings",
      "Likely real / fake": "under 20% / over 90%",
    });
    result.model.realBelow = 0;
    expect(Object.fromEntries(modelRows(result.model, "en-US"))["Likely real / fake"]).toBe("never / over 60%");
    expect(timingRows(result.timings, "en-US")[1]).toEqual(["Looking at the face", "5.3\u202fs"]);
  });
});

describe("the result as JSON", () => {
  it("is what the server writes, set out for people to read", async () => {
    const asked: string[] = [];
    const server = new Server({
      exportAnalysis: ({ name }) => {
        asked.push(name);
        return { contentType: "application/json", data: new TextEncoder().encode('{"results":{"verdict":"likely_fake"}}') };
      },
    });
    const text = await analysisJson(server.api(), "analyses/1");
    expect(asked).toEqual(["analyses/1"]);
    expect(text).toBe('{\n  "results": {\n    "verdict": "likely_fake"\n  }\n}\n');
  });

  it("is named after the file", () => {
    expect(["clip.mp4", "memo.m4a", "a.b.mov", "clip", ".mp4"].map(jsonName)).toEqual([
      "clip.notreally.json",
      "memo.notreally.json",
      "a.b.notreally.json",
      "clip.notreally.json",
      "analysis.notreally.json",
    ]);
  });
});
