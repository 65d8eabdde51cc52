/** What a score rests on: which measurements can move it, and in sentences what the strongest of them did. */

import type { AnalysisResult } from "@gen/notreally/v1/analysis_pb";
import type { FeatureContribution, FeatureSummary, Model } from "@gen/notreally/v1/classifier_pb";

import { stretchesOf } from "@/charts/voice";
import { formatCount } from "@/lib/format";

import { CONTEXT_FEATURE, featureNamed, type FeatureText, inWords, numberOf, title, VOICE_FEATURE } from "./features";
import type { PartName } from "./part";
import { pushOf } from "./push";
import { summariesOf, usualRange } from "./range";

/** More are not read. */
const MOST = 3;

/**
 * Whether a feature can move the score of the face. A result of an older version does not say; there it can if it did.
 */
export function canMove(name: string, model: Model | undefined, contribution: FeatureContribution | undefined): boolean {
  if (name === VOICE_FEATURE) return false;
  const used = model?.features.find(({ feature }) => feature === name)?.used;
  return used ?? (contribution?.contribution ?? 0) !== 0;
}

/** What a part's score rests on, and what the strongest of it did, in sentences. */
export function influences(
  part: PartName,
  result: AnalysisResult,
  contributions: readonly FeatureContribution[],
  locale?: string,
): string[] {
  return part === "voice" ? ofVoice(result, locale) : ofFace(result, contributions, locale);
}

function ofFace({ model }: AnalysisResult, contributions: readonly FeatureContribution[], locale?: string): string[] {
  const summaries = summariesOf(model);
  return [...contributions]
    .sort((one, other) => Math.abs(other.contribution) - Math.abs(one.contribution))
    .filter(({ feature, value, contribution }) => value !== undefined && feature !== CONTEXT_FEATURE && pushOf(contribution).direction !== "none")
    .slice(0, MOST)
    .flatMap((found) => {
      const feature = featureNamed(found.feature);
      return feature ? [influence(feature, found, usualRange(summaries, feature.name), locale)] : [];
    });
}

/** What it did to the score and where it lies are two facts, and either may be without the other. */
function influence(
  feature: FeatureText,
  { value = 0, contribution }: FeatureContribution,
  usual: FeatureSummary | undefined,
  locale?: string,
): string {
  const words = `${title(feature)}: ${inWords(feature, value, locale)}`;
  const { words: did } = pushOf(contribution);
  if (!usual) return `${words}. ${did}.`;
  const range = `${numberOf(feature, usual.p05, locale)} to ${numberOf(feature, usual.p95, locale)}`;
  const place = value < usual.p05 ? "below" : value > usual.p95 ? "above" : "within";
  return `${words}, ${place} the ${range} usual in real videos. ${did}.`;
}

function ofVoice({ voice }: AnalysisResult, locale?: string): string[] {
  const stretches = stretchesOf(voice);
  if (stretches.length === 0) return [];
  const marked = stretches.filter(({ suspicious }) => suspicious).length;
  const all = formatCount(stretches.length, "stretch", "stretches", locale);
  if (marked === 0) {
    return [`The average over ${all} of speech decides. No single one of them stands out as synthesised.`];
  }
  return [
    marked === 1
      ? `The average over ${all} of speech decides. One of them stands out as synthesised.`
      : `The average over ${all} of speech decides. ${marked} of them stand out as synthesised.`,
  ];
}
