"use client";

import { AnalysisState, type Analysis, type AnalysisResult } from "@gen/notreally/v1/analysis_pb";
import { useSearchParams } from "next/navigation";
import { useCallback, useMemo, useState } from "react";

import { Dashboard } from "@/dashboard/Dashboard";
import { isSound } from "@/dashboard/part";
import { verdictInShort } from "@/dashboard/verdict";
import type { Download } from "@/dashboard/VideoPanel";
import { type Loaded, useAnalysis } from "@/lib/analysis";
import { api } from "@/lib/api/client";
import { failureOfStatus } from "@/lib/api/errors";
import { downloadMedia, mediaType } from "@/lib/download";
import { queue } from "@/lib/session";
import { useTabTitle } from "@/lib/tabTitle";
import { hasEnded } from "@/progress/progress";

import { About, Loading, Notice } from "./Notice";
import { Running } from "./Running";

/** `/analysis/?id=`: one analysis, whatever has become of it. */
export function AnalysisPage() {
  const id = useSearchParams().get("id");
  if (!id) {
    return <Notice title="No analysis named">The address of an analysis ends in ?id= and its number.</Notice>;
  }
  return <OneAnalysis key={id} name={`analyses/${id}`} />;
}

function OneAnalysis({ name }: { name: string }) {
  const loaded = useAnalysis(name);
  const filename = loaded.kind === "loaded" ? loaded.analysis.filename : undefined;
  useTabTitle(filename);
  return (
    <>
      {/* There before it has anything to say: screen readers miss what comes along with its words. */}
      <p role="status" className="sr-only">
        {loaded.kind === "loaded" && ending(loaded.analysis)}
      </p>
      <Shown loaded={loaded} again={loaded.again} />
    </>
  );
}

/** What has become of an analysis, for those who do not see it come. */
function ending({ state, filename, result }: Analysis): string | undefined {
  switch (state) {
    case AnalysisState.SUCCEEDED:
      return result && `Verdict on ${filename}: ${verdictInShort(result).title}.`;
    case AnalysisState.FAILED:
      return `${filename} could not be analysed.`;
    case AnalysisState.CANCELLED:
      return `The analysis of ${filename} was cancelled.`;
    default:
      return undefined;
  }
}

function Shown({ loaded, again }: { loaded: Loaded; again: () => void }) {
  switch (loaded.kind) {
    case "loading":
      return <Loading />;
    case "offline":
      return (
        <Notice title="The server does not answer" live>
          The page tries again every few seconds and then continues by itself.
        </Notice>
      );
    case "refused":
      // A name that is none and a name that nobody has are the same to a reader.
      return ["ANALYSIS_NOT_FOUND", "BAD_NAME"].includes(loaded.failure.reason) ? (
        <Notice title="There is no such analysis">It may have been deleted, or the address is incomplete.</Notice>
      ) : (
        <Notice title="The analysis cannot be shown">{loaded.failure.message}</Notice>
      );
    case "loaded":
      return <Known analysis={loaded.analysis} again={again} />;
  }
}

function Known({ analysis, again }: { analysis: Analysis; again: () => void }) {
  if (!hasEnded(analysis.state)) return <Running analysis={analysis} onEnd={again} />;
  switch (analysis.state) {
    case AnalysisState.SUCCEEDED:
      return <Result analysis={analysis} />;
    case AnalysisState.CANCELLED:
      return (
        <Notice title="This analysis was cancelled" about={analysis}>
          Nothing was concluded. Send the file again to have it analysed.
        </Notice>
      );
    default:
      return (
        <Notice title="This file could not be analysed" about={analysis}>
          {analysis.error ? failureOfStatus(analysis.error).message : "The server does not say why."}
        </Notice>
      );
  }
}

function Result({ analysis: answer }: { analysis: Analysis }) {
  // Of several faces the pictures tell at once which is which.
  const [readsOn, setReadsOn] = useState((answer.result?.faces.length ?? 0) > 1);
  const readOn = useCallback(() => setReadsOn(true), []);
  const rest = useAnalysis(answer.name, { rest: true, later: !readsOn });
  const more = rest.kind === "loaded" ? rest.analysis.result : undefined;
  const analysis = useMemo(() => withRest(answer, more), [answer, more]);
  const download = useCallback<Download>(
    (onProgress, signal) =>
      downloadMedia(
        api(),
        analysis.name,
        Number(analysis.media?.sizeBytes ?? 0n),
        mediaType(analysis.result?.metadata?.container ?? "", isSound(analysis.result?.metadata)),
        onProgress,
        signal,
      ),
    [analysis],
  );
  return (
    <>
      <div className="no-print">
        <About analysis={analysis} />
      </div>
      <Dashboard
        analysis={analysis}
        awaitsRest={rest.kind === "loading" || rest.kind === "offline"}
        videoFile={queue.fileOf(analysis.name)}
        download={download}
        onReadOn={readOn}
      />
    </>
  );
}

function withRest(analysis: Analysis, rest: AnalysisResult | undefined): Analysis {
  if (!analysis.result || !rest) return analysis;
  return { ...analysis, result: { ...analysis.result, faces: rest.faces, series: rest.series } };
}
