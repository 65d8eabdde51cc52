/** Which way and how much a feature pushed the score. */

import { formatSigned } from "@/lib/format";

export type Direction = "real" | "fake" | "none";

export interface Push {
  direction: Direction;
  /** Log-odds towards fake (positive) or real (negative). */
  contribution: number;
  /** "Raised the chance clearly". */
  words: string;
}

// Log-odds: 0.05 moves 50 % by about one percentage point, 0.4 by ten, 1 by twenty-three.
const SOME = 0.05;
const CLEAR = 0.4;
const STRONG = 1;

export function pushOf(contribution: number): Push {
  const size = Math.abs(contribution);
  if (contribution === 0) return { direction: "none", contribution, words: "Did not change the chance" };
  if (size < SOME) return { direction: "none", contribution, words: "Hardly changed the chance" };
  const direction = contribution > 0 ? "fake" : "real";
  const how = size < CLEAR ? "a little" : size < STRONG ? "clearly" : "strongly";
  return { direction, contribution, words: `${contribution > 0 ? "Raised" : "Lowered"} the chance ${how}` };
}

/** For a tooltip: "+0.42 log-odds". */
export function logOddsOf(contribution: number, locale?: string): string {
  return `${signed(contribution, locale)} log-odds`;
}

/** A signed number of log-odds, such as "+0.42". */
export function signed(logOdds: number, locale?: string): string {
  return formatSigned(logOdds, 2, locale);
}
