/** A result speaks of two parts, the face and the voice, each with a verdict of its own; the headline is about one of them. */

import { type AnalysisResult, Part, Verdict } from "@gen/notreally/v1/analysis_pb";

import { type FaceView, faceView } from "./faceView";
import { withoutVoice } from "./missing";
import { headlineOf, isSound, type PartName } from "./part";

export interface PartView {
  name: PartName;
  /** Undefined where it was not looked at. */
  verdict: Verdict | undefined;
  /** Undefined where there is no chance to speak of. */
  probFake: number | undefined;
  /** Why nothing can be said, in sentences. */
  reasons: readonly string[];
}

/** What the header is about: the headline's part, unless another face than the first is looked at. */
export function subjectOf(result: AnalysisResult, face: FaceView): PartView {
  if (!face.headline || headlineOf(result) === "face") return facePart(result, face);
  const reasons = result.voice?.insufficiency.length ? result.voice.insufficiency : result.insufficiency;
  return { name: "voice", verdict: result.verdict, probFake: result.probFake, reasons: reasons.map(({ text }) => text) };
}

/** The face and the voice; empty where the server did not judge them apart. */
export function partsOf(result: AnalysisResult): PartView[] {
  if (!result.voice && result.headline === Part.UNSPECIFIED) return [];
  return [facePart(result, faceView(result)), voicePart(result)];
}

function facePart({ metadata }: AnalysisResult, { verdict, probFake, insufficiency }: FaceView): PartView {
  if (isSound(metadata)) {
    return { name: "face", verdict: undefined, probFake: undefined, reasons: ["A sound file has no picture."] };
  }
  const known = verdict !== Verdict.INSUFFICIENT;
  return {
    name: "face",
    verdict,
    probFake: known ? probFake : undefined,
    reasons: known ? [] : insufficiency.map(({ text }) => text),
  };
}

function voicePart(result: AnalysisResult): PartView {
  const { voice, quality, metadata } = result;
  if (!voice && headlineOf(result) === "voice") {
    const reasons = result.insufficiency.map(({ text }) => text);
    return { name: "voice", verdict: result.verdict, probFake: undefined, reasons };
  }
  if (!voice) {
    const reason = withoutVoice(quality?.voicedS, metadata) ?? "the sound was not analysed";
    return { name: "voice", verdict: undefined, probFake: undefined, reasons: [sentence(reason)] };
  }
  const { verdict, probFake, insufficiency } = voice;
  return { name: "voice", verdict, probFake, reasons: insufficiency.map(({ text }) => text) };
}

function sentence(clause: string): string {
  return `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
}
