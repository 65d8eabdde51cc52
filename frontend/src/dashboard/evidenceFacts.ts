/** How much there was to look at, in words, with what limits it. */

import type { EvidenceQuality } from "@gen/notreally/v1/analysis_pb";

import type { MediaFacts } from "@gen/notreally/v1/metadata_pb";

import { formatDuration, formatNumber, formatPercent } from "@/lib/format";

import { isSound } from "./part";

export interface EvidenceFact {
  label: string;
  value: string;
  /** What to keep in mind; absent when there is nothing. */
  limit?: string;
}

// As in gateway/verdict/evidence.py, gateway/features/vector.py and gateway/verdict/summary.py.
const LEAST_COVERAGE = 0.5;
const GOOD_COVERAGE = 0.9;
const LEAST_IOD_PX = 40;
const SMALL_IOD_PX = 60;
const LEAST_FPS = 20 * 0.99;
const LEAST_VOICED_S = 2;

export function evidenceFacts(
  quality: EvidenceQuality,
  metadata: MediaFacts | undefined,
  locale?: string,
): EvidenceFact[] {
  const length: EvidenceFact = {
    label: isSound(metadata) ? "Listened to" : "Looked at",
    value: `${formatDuration(quality.analyzedS, locale)} of ${formatDuration(quality.durationS, locale)}`,
    limit:
      quality.durationS - quality.analyzedS > Math.max(0.5, 0.05 * quality.durationS)
        ? "sampled over the whole length"
        : undefined,
  };
  const hasSound = metadata?.audio !== undefined;
  const voice: EvidenceFact = {
    label: "Voice",
    value: hasSound ? formatDuration(quality.voicedS, locale) : "no sound",
    limit: hasSound && quality.voicedS < LEAST_VOICED_S ? "too little to measure" : undefined,
  };
  if (isSound(metadata)) return [length, voice];
  const facts: EvidenceFact[] = [length, { label: "Frames", value: formatNumber(quality.framesAnalyzed, 0, locale) }];
  if (quality.analyzedFps !== undefined) {
    facts.push({
      label: "Frames a second",
      value: formatNumber(quality.analyzedFps, 1, locale),
      limit: quality.analyzedFps < LEAST_FPS ? "too few to measure motion" : undefined,
    });
  }
  facts.push({
    label: "Face seen in",
    value: formatPercent(quality.faceCoverage, 0, locale),
    limit: coverageLimit(quality),
  });
  if (quality.medianIodPx !== undefined) {
    facts.push({
      label: "Eyes apart",
      value: `${formatNumber(quality.medianIodPx, 0, locale)} px`,
      limit:
        quality.medianIodPx < LEAST_IOD_PX
          ? "too small to judge its detail"
          : quality.medianIodPx < SMALL_IOD_PX
            ? "small: fine detail says less"
            : undefined,
    });
  }
  facts.push(voice);
  facts.push({ label: "Faces", value: formatNumber(quality.faces, 0, locale) });
  return facts;
}

function coverageLimit({ faceCoverage, faces }: EvidenceQuality): string | undefined {
  if (faces === 0) return "no face was found";
  if (faceCoverage < LEAST_COVERAGE) return `${formatPercent(LEAST_COVERAGE)} are needed`;
  return faceCoverage < GOOD_COVERAGE ? "out of view at times" : undefined;
}
