/** Which part of the history is shown, as it stands in the page's address. */

import { AnalysisState } from "@gen/notreally/v1/analysis_pb";

export interface Filter {
  key: string;
  label: string;
  states: AnalysisState[];
}

export const FILTERS: readonly [Filter, ...Filter[]] = [
  { key: "all", label: "All", states: [] },
  { key: "done", label: "Done", states: [AnalysisState.SUCCEEDED] },
  { key: "running", label: "In progress", states: [AnalysisState.QUEUED, AnalysisState.RUNNING] },
  { key: "failed", label: "Failed", states: [AnalysisState.FAILED] },
  { key: "cancelled", label: "Cancelled", states: [AnalysisState.CANCELLED] },
];

/** The filter of a key; all for a key that is none. */
export function filterOf(key: string | null): Filter {
  return FILTERS.find((filter) => filter.key === key) ?? FILTERS[0];
}

/**
 * Tokens of the pages before the one in view, and its own: going back needs them, as the server only tells the next.
 * The first page has the empty token.
 */
export type Trail = readonly string[];

export const FIRST_PAGE: Trail = [""];

export function currentToken(trail: Trail): string {
  return trail.at(-1) ?? "";
}

export function older(trail: Trail, nextToken: string): Trail {
  return nextToken === "" ? trail : [...trail, nextToken];
}

export function newer(trail: Trail): Trail {
  return trail.length > 1 ? trail.slice(0, -1) : trail;
}

/** The two chosen for comparison after one more click: a third takes the place of the first. */
export function choose(chosen: readonly string[], name: string): readonly string[] {
  if (chosen.includes(name)) return chosen.filter((each) => each !== name);
  return [...chosen, name].slice(-2);
}
