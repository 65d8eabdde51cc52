/** Which analyses of a batch are shown, and in which order. */

import { AnalysisOrder, AnalysisState, Verdict } from "@gen/notreally/v1/analysis_pb";

export const PAGE_SIZE = 50;

export interface Choice {
  order: AnalysisOrder;
  ascending: boolean;
  filter: string;
  query: string;
}

/** The most suspicious first. */
export const FIRST_CHOICE: Choice = { order: AnalysisOrder.CHANCE, ascending: false, filter: "all", query: "" };

interface Filter {
  key: string;
  label: string;
  states?: AnalysisState[];
  verdicts?: Verdict[];
  reviewed?: boolean;
}

export const FILTERS: readonly Filter[] = [
  { key: "all", label: "All" },
  { key: "fake", label: "Likely fake", verdicts: [Verdict.LIKELY_FAKE] },
  { key: "real", label: "Likely real", verdicts: [Verdict.LIKELY_REAL] },
  { key: "inconclusive", label: "Inconclusive", verdicts: [Verdict.INCONCLUSIVE] },
  { key: "insufficient", label: "Not enough to judge", verdicts: [Verdict.INSUFFICIENT] },
  { key: "running", label: "In progress", states: [AnalysisState.QUEUED, AnalysisState.RUNNING] },
  { key: "failed", label: "Failed", states: [AnalysisState.FAILED, AnalysisState.CANCELLED] },
  { key: "unseen", label: "Not reviewed", states: [AnalysisState.SUCCEEDED], reviewed: false },
];

/** What the server is asked for. */
export function requestOf(batch: string, choice: Choice, pageToken: string) {
  const { states = [], verdicts = [], reviewed } = FILTERS.find(({ key }) => key === choice.filter) ?? {};
  const { order, ascending, query } = choice;
  return { batch, pageSize: PAGE_SIZE, pageToken, states, verdicts, reviewed, order, ascending, query };
}

/** The choice after a click on a column: names begin at A, all else at the largest; clicked again, the other way round. */
export function sortedBy(choice: Choice, order: AnalysisOrder): Choice {
  if (choice.order === order) return { ...choice, ascending: !choice.ascending };
  return { ...choice, order, ascending: order === AnalysisOrder.FILENAME };
}
