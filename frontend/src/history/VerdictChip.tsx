import { AnalysisState, type Analysis } from "@gen/notreally/v1/analysis_pb";

import { TONE_SOFT, type Tone, verdictInShort } from "@/dashboard/verdict";
import { formatPercent } from "@/lib/format";

const STATES: Partial<Record<AnalysisState, string>> = {
  [AnalysisState.QUEUED]: "Waiting",
  [AnalysisState.RUNNING]: "In progress",
  [AnalysisState.FAILED]: "Failed",
  [AnalysisState.CANCELLED]: "Cancelled",
};

/** What became of an analysis, in a word or two. */
export function VerdictChip({ analysis }: { analysis: Pick<Analysis, "state" | "percent" | "result"> }) {
  const { label, tone } = chip(analysis);
  return (
    <span className={`inline-flex h-7 items-center rounded-full px-3 text-sm font-medium whitespace-nowrap ${TONE_SOFT[tone]}`}>
      {label}
    </span>
  );
}

function chip({ state, percent, result }: Pick<Analysis, "state" | "percent" | "result">): { label: string; tone: Tone } {
  if (state === AnalysisState.SUCCEEDED && result) {
    const { title, tone } = verdictInShort(result);
    return { label: title, tone };
  }
  const label = STATES[state] ?? "Unknown";
  const share = state === AnalysisState.RUNNING ? `, ${formatPercent(Math.floor(percent) / 100)}` : "";
  return { label: label + share, tone: "neutral" };
}
