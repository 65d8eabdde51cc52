/** What the model says of its judgement of voices, in words. */

import { formatPercent } from "@/lib/format";

import type { Band } from "./part";
import { givesVerdicts } from "./verdict";

/** What the model can say of a voice, and what it cannot. */
export function voiceLimitsInWords(band: Band, locale?: string): string {
  const low = formatPercent(band.realBelow, 0, locale);
  const high = formatPercent(band.fakeAbove, 0, locale);
  if (!givesVerdicts(band)) {
    return "The model gives no verdicts on voices: in tests, too many were wrong on either side.";
  }
  if (band.realBelow <= 0) {
    return `The model calls a voice likely fake above ${high}. It never calls one likely real: in tests, too many of such verdicts were wrong.`;
  }
  if (band.fakeAbove >= 1) {
    return `The model calls a voice likely real below ${low}. It never calls one likely fake: in tests, too many of such verdicts were wrong.`;
  }
  return `The model calls a voice likely real below ${low} and likely fake above ${high}. In between it gives no verdict.`;
}
