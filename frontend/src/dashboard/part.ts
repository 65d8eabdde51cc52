/** What a verdict is about: the face or the voice. */

import { type AnalysisResult, Part } from "@gen/notreally/v1/analysis_pb";
import type { Model } from "@gen/notreally/v1/classifier_pb";
import type { MediaFacts } from "@gen/notreally/v1/metadata_pb";

export type PartName = "face" | "voice";

/** Below and above these a side is named; between them none is. */
export interface Band {
  realBelow: number;
  fakeAbove: number;
}

/** Beside the one number that is given of a part. */
export const ESTIMATED_CHANCE: Readonly<Record<PartName, string>> = {
  face: "estimated chance that the face is manipulated",
  voice: "estimated chance that the voice is synthesised",
};

/** Whether it is a sound file: there is sound, and no picture. */
export function isSound(facts: MediaFacts | undefined): boolean {
  return facts !== undefined && facts.video === undefined && facts.audio !== undefined;
}

/** Which part the headline is about. */
export function headlineOf({ headline, metadata }: Pick<AnalysisResult, "headline" | "metadata">): PartName {
  return headline === Part.VOICE || isSound(metadata) ? "voice" : "face";
}

/** The band of a part; undefined where the model does not say. */
export function bandOf(model: Model | undefined, part: PartName): Band | undefined {
  if (!model?.version) return undefined;
  if (part === "face") return model;
  // Without a network it judges no voices.
  return model.voice?.network ? model.voice : undefined;
}
