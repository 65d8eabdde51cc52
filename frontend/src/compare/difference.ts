/** How far apart two videos are in one measurement, in the units people read. */

import { type FeatureText, numberOf } from "@/dashboard/features";

/** "+0.12": the second less the first; null where one of them is missing. */
export function difference(feature: FeatureText, first?: number, second?: number, locale?: string): string | null {
  if (first === undefined || second === undefined) return null;
  // What reads the same is the same.
  if (numberOf(feature, first, locale) === numberOf(feature, second, locale)) return "same";
  const apart = feature.shown(second) - feature.shown(first);
  return `${apart > 0 ? "+" : "\u2212"}${feature.written(Math.abs(apart), locale)}`;
}
