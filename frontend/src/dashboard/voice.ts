/** What the model says of its judgement of voices, in words. */

import type { Model } from "@gen/notreally/v1/classifier_pb";

import { formatNumber, formatPercent } from "@/lib/format";

import type { Band } from "./part";
import { givesVerdicts } from "./verdict";

/** How often the network puts the synthesised voice above the recorded one in a pair. Null when the model does not say. */
export function voiceRankingInWords(model: Model | undefined, locale?: string): string | null {
  const auc = model?.voice?.heldOutAuc;
  if (!auc) return null;
  const times = formatNumber(100 * auc, 0, locale);
  return `Given a recorded and a synthesised voice, from pages and speech systems it had never met, the network picked out the synthesised one ${times} times in 100; a coin toss would do so 50 times.`;
}

/** What the model can say of a voice, and what it cannot. */
export function voiceLimitsInWords(band: Band, locale?: string): string {
  const low = formatPercent(band.realBelow, 0, locale);
  const high = formatPercent(band.fakeAbove, 0, locale);
  if (!givesVerdicts(band)) return "The model gives no verdicts on voices: on neither side could it be shown to be right often enough.";
  if (band.realBelow <= 0) {
    return `The model calls a voice likely fake above ${high}. It never calls one likely real: that could not be shown to be right often enough.`;
  }
  if (band.fakeAbove >= 1) {
    return `The model calls a voice likely real below ${low}. It never calls one likely fake: that could not be shown to be right often enough.`;
  }
  return `The model calls a voice likely real below ${low} and likely fake above ${high}; between them it names no side.`;
}
