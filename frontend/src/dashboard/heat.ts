/** Where in pictures of a face the appearance network found what, ready to be drawn and said. */

import type { Thumbnail } from "@gen/notreally/v1/analysis_pb";
import type { FeatureSummary } from "@gen/notreally/v1/classifier_pb";
import type { HeatMap } from "@gen/notreally/v1/media_pb";

import { featureNamed, inWords, VOICE_FEATURE } from "./features";
import { usualRange } from "./range";

/** A picture with what was found in it. */
export interface Moment {
  timeS: number;
  jpeg: Uint8Array;
  heat: HeatMap;
}

/** What the networks read in a face and in a voice. */
export type Reading = "appearance" | "blending" | "movement" | "voice";

/** What each is averaged into, by the field name in the contract. */
export const FEATURE_OF: Readonly<Record<Reading, string>> = {
  appearance: "face_appearance_log_odds",
  blending: "face_blending_log_odds",
  movement: "face_motion_log_odds",
  voice: VOICE_FEATURE,
};

/** Below this many log-odds nothing is drawn strongly, or noise would look like a finding. */
const LEAST_SCALE = 2;

/** Strongest colour over a picture: the face must stay visible. */
const MOST_OPAQUE = 0.72;

/** The pictures that were scored, in the order of time. */
export function moments(thumbnails: readonly Thumbnail[]): Moment[] {
  return thumbnails
    .flatMap(({ timeS, jpeg, heat }) => (heat && isSquare(heat) ? [{ timeS, jpeg, heat }] : []))
    .sort((one, other) => one.timeS - other.timeS);
}

/** The one that looks most like a forgery; null without any. */
export function mostTelling(all: readonly Moment[]): Moment | null {
  return all.reduce<Moment | null>((best, each) => (best && best.heat.logOdds >= each.heat.logOdds ? best : each), null);
}

/** What the strongest colour stands for, in log-odds: the same for all pictures, so that they can be compared. */
export function heatScale(all: readonly Moment[]): number {
  return Math.max(LEAST_SCALE, ...all.flatMap(({ heat }) => heat.places.map(Math.abs)));
}

/** Opacity of each square, row by row; positive towards fake, negative towards real. */
export function heatOpacities({ places }: HeatMap, scale: number): number[] {
  return places.map((value) => MOST_OPAQUE * Math.max(-1, Math.min(1, value / scale)));
}

const ROWS = ["the upper", "the middle", "the lower"] as const;
const COLUMNS = ["left", "middle", "right"] as const;

/** Which ninth of the picture speaks most for a forgery, such as "the lower left"; null when none does. */
export function strongestPart({ side, places }: HeatMap): string | null {
  const ninth = (index: number) => Math.min(2, Math.floor((3 * (index + 0.5)) / side));
  const sums = Array.from({ length: 9 }, () => ({ sum: 0, count: 0 }));
  places.forEach((value, index) => {
    const part = sums[3 * ninth(Math.floor(index / side)) + ninth(index % side)];
    if (part) {
      part.sum += value;
      part.count += 1;
    }
  });
  const means = sums.map(({ sum, count }) => (count > 0 ? sum / count : -Infinity));
  const best = means.indexOf(Math.max(...means));
  if ((means[best] ?? 0) <= 0) return null;
  const [row, column] = [Math.floor(best / 3), best % 3];
  return row === 1 && column === 1 ? "the middle" : `${ROWS[row]} ${COLUMNS[column]}`;
}

/** How a score stands to those of real videos, from -1 (as real as any) over 0 (where unusual begins) to 1. */
export function unusualness(logOdds: number, { p50, p95 }: FeatureSummary): number {
  const width = Math.max(p95 - p50, 0.5);
  return Math.max(-1, Math.min(1, (logOdds - p95) / width));
}

const WORDS: Readonly<Record<Reading, readonly [usual: string, some: string, much: string]>> = {
  appearance: [
    "looks like real videos",
    "looks a little more synthesised than most real videos",
    "looks more synthesised than real videos do",
  ],
  blending: [
    "shows no more traces of blending than real videos",
    "shows slightly more traces of blending than most real videos",
    "shows more traces of blending than real videos do",
  ],
  movement: [
    "moves like real videos",
    "moves a little more like forgeries than most real videos",
    "moves more like forgeries than real videos do",
  ],
  voice: [
    "sounds like recorded voices",
    "sounds a little more synthesised than most recorded voices",
    "sounds more synthesised than recorded voices do",
  ],
};

export function unusualnessInWords(value: number, reading: Reading): string {
  const [usual, some, much] = WORDS[reading];
  if (value <= 0) return usual;
  return value < 0.5 ? some : much;
}

/** Which of the network's two scores a picture shows. */
export function readingOf({ feature }: HeatMap): "appearance" | "blending" {
  // Results of older versions name no feature: they know of appearance alone.
  return feature === FEATURE_OF.blending ? "blending" : "appearance";
}

/** How unusual a picture's score is among those of real videos; undefined where the model does not know theirs. */
export function heatUnusualness(heat: HeatMap, summaries: readonly FeatureSummary[]): number | undefined {
  const usual = usualRange(summaries, FEATURE_OF[readingOf(heat)]);
  return usual && unusualness(heat.logOdds, usual);
}

/** Whether a picture scores higher than nearly all of real videos do. */
export function looksForged(heat: HeatMap, summaries: readonly FeatureSummary[]): boolean {
  return (heatUnusualness(heat, summaries) ?? 0) > 0;
}

/** A picture's score as its feature is written, such as "95 of 100". */
export function heatOfHundred(heat: HeatMap, locale?: string): string {
  const feature = featureNamed(FEATURE_OF[readingOf(heat)]);
  return feature ? inWords(feature, heat.logOdds, locale) : "";
}

const FOUND = { appearance: "looks synthesised", blending: "shows traces of blending" } as const;
const SCORED = { appearance: "scored for looking synthesised", blending: "scored for traces of blending" } as const;

/** What a picture shows, in the few words that fit under it. */
export function heatInFewWords(heat: HeatMap, summaries: readonly FeatureSummary[]): string {
  const value = heatUnusualness(heat, summaries);
  if (value === undefined) return SCORED[readingOf(heat)];
  return value > 0 ? FOUND[readingOf(heat)] : "looks like real videos";
}

/** The same at length, with where it was found: for those who do not see the picture. */
export function heatInWords(heat: HeatMap, summaries: readonly FeatureSummary[]): string {
  const value = heatUnusualness(heat, summaries);
  const where = strongestPart(heat);
  const found = value === undefined ? SCORED[readingOf(heat)] : unusualnessInWords(value, readingOf(heat));
  return [found, where && `strongest sign in ${where}`].filter(Boolean).join(", ");
}

function isSquare({ side, places }: HeatMap): boolean {
  return side > 0 && places.length === side * side;
}
