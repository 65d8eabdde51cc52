/** Why a feature is missing, as a clause after "because". */

import type { AnalysisResult } from "@gen/notreally/v1/analysis_pb";
import type { FeatureContribution } from "@gen/notreally/v1/classifier_pb";
import { Modality } from "@gen/notreally/v1/features_pb";

import { type FeatureText, VOICE_FEATURE } from "./features";
import { isSound } from "./part";

// As in gateway/features/vector.py.
const LEAST_FPS = 20 * 0.99;
const LEAST_BLINK_S = 10;
const LEAST_MOTION_S = 3;
const LEAST_SPAN_S = 2;
const LEAST_SYNC_S = 5;
const LEAST_VOICED_S = 2;

const SPANS = "face_motion_log_odds";
const LEARNED = new Set(["face_appearance_log_odds", "face_blending_log_odds"]);

/** The server's own words where it gives them, else what follows from the evidence. */
export function missingReason(
  feature: FeatureText,
  result: Pick<AnalysisResult, "quality" | "metadata">,
  contribution?: FeatureContribution,
): string {
  const told: unknown = contribution && "missingReason" in contribution ? contribution.missingReason : undefined;
  if (typeof told === "string" && told !== "") return told;
  return deduced(feature, result);
}

function deduced(feature: FeatureText, { quality, metadata }: Pick<AnalysisResult, "quality" | "metadata">): string {
  const hasFace = (quality?.faceCoverage ?? 0) > 0;
  const face_s = (quality?.analyzedS ?? 0) * (quality?.faceCoverage ?? 0);
  if (isSound(metadata) && feature.modality !== Modality.AUDIO) return "there is no picture";
  switch (feature.modality) {
    case Modality.METADATA:
      return metadata?.video?.bitRate === undefined
        ? "the bit rate is unknown"
        : "the picture's size or frame rate is unknown";
    case Modality.AUDIO:
      return (
        withoutVoice(quality?.voicedS, metadata) ??
        (feature.name === VOICE_FEATURE ? "the voice was not scored" : "the voice could not be measured")
      );
    case Modality.FACE_AND_AUDIO:
      if (!hasFace) return "no face was found";
      return (
        withoutVoice(quality?.voicedS, metadata) ??
        (face_s < LEAST_SYNC_S
          ? `face and sound are seen together for less than ${LEAST_SYNC_S} seconds`
          : "the mouth hardly moves, or face and sound are not seen together for long enough")
      );
    default:
      if (!hasFace) return "no face was found";
      if (LEARNED.has(feature.name)) return "too few pictures show the face well enough";
      if ((quality?.analyzedFps ?? 0) < LEAST_FPS) return "there are fewer than 20 frames a second";
      if (feature.name === "blink_rate_per_min" && face_s < LEAST_BLINK_S) {
        return `the face is seen for less than ${LEAST_BLINK_S} seconds`;
      }
      return `the face is followed without a break for less than ${feature.name === SPANS ? LEAST_SPAN_S : LEAST_MOTION_S} seconds`;
  }
}

/** Why nothing can be said of the voice, as far as the evidence tells. */
export function withoutVoice(voiced_s: number | undefined, metadata: AnalysisResult["metadata"]): string | null {
  if (metadata?.container && !metadata.audio) return "the video has no sound";
  if (metadata?.audio?.unreadable) return "the sound could not be read where the video was looked at";
  if (!voiced_s) return metadata?.audio ? "no voice was found in the sound" : "the sound was not analysed";
  return voiced_s < LEAST_VOICED_S ? `there are less than ${LEAST_VOICED_S} seconds of voice` : null;
}
