/** What the page says of one of the faces. Where the headline is about the first one, what the result says is said of it. */

import { create } from "@bufbuild/protobuf";
import {
  type AnalysisResult,
  type FaceResult,
  Part,
  type Reason,
  ReasonSchema,
  type Thumbnail,
  Verdict,
} from "@gen/notreally/v1/analysis_pb";
import type { FeatureContribution } from "@gen/notreally/v1/classifier_pb";

export interface FaceView {
  /** From 1; 0 when no face was found. */
  number: number;
  verdict: Verdict;
  probFake: number;
  contributions: FeatureContribution[];
  insufficiency: Reason[];
  faceCoverage: number;
  thumbnails: Thumbnail[];
  /** Whether it is the first one: the series and the timeline are about it, and the headline, unless that is about the voice. */
  headline: boolean;
}

export function faceView(result: AnalysisResult, number?: number): FaceView {
  const index = Math.max(
    0,
    result.faces.findIndex((face) => face.number === number),
  );
  const face: FaceResult | undefined = result.faces[index];
  const headline = index === 0;
  const isOfVoice = result.headline === Part.VOICE;
  if (face && (isOfVoice || !headline)) {
    const { verdict, probFake, contributions, insufficiency, faceCoverage, thumbnails } = face;
    return {
      number: face.number,
      verdict,
      probFake,
      contributions,
      insufficiency,
      faceCoverage,
      thumbnails,
      headline,
    };
  }
  return {
    number: face?.number ?? 0,
    verdict: isOfVoice ? Verdict.INSUFFICIENT : result.verdict,
    probFake: isOfVoice ? 0.5 : result.probFake,
    contributions: result.contributions,
    insufficiency: isOfVoice ? [withoutFace(result)] : result.insufficiency,
    faceCoverage: result.quality?.faceCoverage ?? 0,
    thumbnails: face?.thumbnails ?? [],
    headline,
  };
}

/** Why nothing is said of a face where the result speaks of the voice alone. */
function withoutFace({ quality }: AnalysisResult): Reason {
  const text = quality?.framesAnalyzed
    ? "No face was found in the analysed frames."
    : "The picture could not be looked at.";
  return create(ReasonSchema, { reason: "NO_FACE", text });
}
