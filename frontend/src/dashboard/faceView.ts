/** What the page says of one of the faces: the headline's is the result's own. */

import type { AnalysisResult, FaceResult, Reason, Thumbnail, Verdict } from "@gen/notreally/v1/analysis_pb";
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
  /** Whether the summary, the series and the timeline are about this face. */
  headline: boolean;
}

export function faceView(result: AnalysisResult, number?: number): FaceView {
  const index = Math.max(
    0,
    result.faces.findIndex((face) => face.number === number),
  );
  const face: FaceResult | undefined = result.faces[index];
  if (face && index > 0) {
    const { verdict, probFake, contributions, insufficiency, faceCoverage, thumbnails } = face;
    return {
      number: face.number,
      verdict,
      probFake,
      contributions,
      insufficiency,
      faceCoverage,
      thumbnails,
      headline: false,
    };
  }
  return {
    number: face?.number ?? 0,
    verdict: result.verdict,
    probFake: result.probFake,
    contributions: result.contributions,
    insufficiency: result.insufficiency,
    faceCoverage: result.quality?.faceCoverage ?? 0,
    thumbnails: face?.thumbnails ?? [],
    headline: true,
  };
}
