/** What the networks read in a span of a video, beside what they usually read in real ones. */

import type { TimelineSegment } from "@gen/notreally/v1/analysis_pb";
import type { FeatureSummary } from "@gen/notreally/v1/classifier_pb";

import { FEATURE_OF, type Reading, unusualness } from "./heat";
import { usualRange } from "./range";

/** From above, each where there is a score. */
export const BANDS = ["appearance", "blending", "movement", "voice"] as const satisfies readonly Reading[];

export type Readings = { readonly [band in Reading]?: number };

/** How unusual a span is among real videos, by each reading; see `unusualness`. */
export function readings(
  { faceAppearanceLogOdds, faceBlendingLogOdds, faceMotionLogOdds, voiceLogOdds }: TimelineSegment,
  summaries: readonly FeatureSummary[],
): Readings {
  const against = (reading: Reading, logOdds: number | undefined) => {
    const usual = usualRange(summaries, FEATURE_OF[reading]);
    return logOdds === undefined || usual === undefined ? undefined : unusualness(logOdds, usual);
  };
  return {
    appearance: against("appearance", faceAppearanceLogOdds),
    blending: against("blending", faceBlendingLogOdds),
    movement: against("movement", faceMotionLogOdds),
    voice: against("voice", voiceLogOdds),
  };
}
