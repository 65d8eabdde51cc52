/** Which way and how much a feature pushed the score. */

import { formatSigned } from "@/lib/format";

export type Direction = "real" | "fake" | "none";

export interface Push {
  direction: Direction;
  /** Log-odds towards fake (positive) or real (negative). */
  contribution: number;
  /** "Pushed clearly towards fake". */
  words: string;
}

// Log-odds: 0.05 moves 50 % by about one percentage point, 0.4 by ten, 1 by twenty-three.
const SOME = 0.05;
const CLEAR = 0.4;
const STRONG = 1;

export function pushOf(contribution: number): Push {
  const size = Math.abs(contribution);
  if (contribution === 0) return { direction: "none", contribution, words: "Did not move the score" };
  if (size < SOME) return { direction: "none", contribution, words: "Hardly moved the score" };
  const direction = contribution > 0 ? "fake" : "real";
  const how = size < CLEAR ? "a little" : size < STRONG ? "clearly" : "strongly";
  return { direction, contribution, words: `Pushed ${how} towards ${direction}` };
}

/** A signed number of log-odds, such as "+0.42". */
export function signed(logOdds: number, locale?: string): string {
  return formatSigned(logOdds, 2, locale);
}
