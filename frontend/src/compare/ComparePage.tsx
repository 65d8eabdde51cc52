"use client";

import dynamic from "next/dynamic";
import { useSearchParams } from "next/navigation";
import { type Analysis, AnalysisState } from "@gen/notreally/v1/analysis_pb";

import { Loading, Notice } from "@/analysis/Notice";
import { type Loaded, useAnalysis } from "@/lib/analysis";
import { useTabTitle } from "@/lib/tabTitle";

import type { Ended } from "./Comparison";

const Comparison = dynamic(() => import("./Comparison"), { ssr: false, loading: () => <Loading /> });

/** `/compare/?a=&b=`: two analyses side by side. */
export function ComparePage() {
  const parameters = useSearchParams();
  const [a, b] = [parameters.get("a"), parameters.get("b")];
  if (!a || !b) {
    return (
      <Notice title="Two analyses are needed">
        Choose two of them in the history, or name them in the address: /compare/?a=…&amp;b=…
      </Notice>
    );
  }
  return <Both key={`${a} ${b}`} a={a} b={b} />;
}

function Both({ a, b }: { a: string; b: string }) {
  const one = useAnalysis(`analyses/${a}`, { includeSeries: true });
  const other = useAnalysis(`analyses/${b}`, { includeSeries: true });
  useTabTitle(
    one.kind === "loaded" && other.kind === "loaded"
      ? `${one.analysis.filename} and ${other.analysis.filename}`
      : undefined,
  );
  const hurdle = hurdleOf("first", one) ?? hurdleOf("second", other);
  if (hurdle) return hurdle;
  if (one.kind !== "loaded" || other.kind !== "loaded") return <Loading />;
  if (!hasResult(one.analysis) || !hasResult(other.analysis)) {
    const without = hasResult(one.analysis) ? other.analysis : one.analysis;
    return (
      <Notice title="There is nothing to compare" about={without}>
        This analysis has no result{without.state === AnalysisState.FAILED ? ": it failed" : " yet, or was cancelled"}.
        Choose another one in the history.
      </Notice>
    );
  }
  return <Comparison a={one.analysis} b={other.analysis} />;
}

/** Why a comparison cannot be shown, as far as one of the two is to blame. */
function hurdleOf(which: string, loaded: Loaded) {
  if (loaded.kind === "offline") {
    return (
      <Notice title="The server does not answer" live>
        The page tries again every few seconds and then continues by itself.
      </Notice>
    );
  }
  if (loaded.kind === "refused") {
    return (
      <Notice title={`The ${which} analysis cannot be shown`}>
        {["ANALYSIS_NOT_FOUND", "BAD_NAME"].includes(loaded.failure.reason)
          ? "It may have been deleted, or the address is incomplete."
          : loaded.failure.message}
      </Notice>
    );
  }
  return null;
}

function hasResult(analysis: Analysis): analysis is Ended {
  return analysis.state === AnalysisState.SUCCEEDED && analysis.result !== undefined;
}
