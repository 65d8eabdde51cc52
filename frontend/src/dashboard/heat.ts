/** Where in pictures of a face the appearance network found what, ready to be drawn and said. */

import type { Thumbnail } from "@gen/notreally/v1/analysis_pb";
import type { FeatureSummary } from "@gen/notreally/v1/classifier_pb";
import type { HeatMap } from "@gen/notreally/v1/media_pb";

/** A picture with what was found in it. */
export interface Moment {
  timeS: number;
  jpeg: Uint8Array;
  heat: HeatMap;
}

export const APPEARANCE_FEATURE = "face_appearance_log_odds";
export const MOTION_FEATURE = "face_motion_log_odds";

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

export function unusualnessInWords(value: number, verb: "looks" | "moves" = "looks"): string {
  if (value <= 0) return `${verb} like real videos`;
  return value < 0.5
    ? `${verb} a little more like forgeries than most real videos`
    : `${verb} more like forgeries than real videos do`;
}

function isSquare({ side, places }: HeatMap): boolean {
  return side > 0 && places.length === side * side;
}
