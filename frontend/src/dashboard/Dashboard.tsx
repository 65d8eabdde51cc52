"use client";

/** The whole answer to one analysis: what the reader sees first is drawn first, and its code comes first. */

import { Braces, Printer } from "lucide-react";
import dynamic from "next/dynamic";
import { startTransition, useEffect, useState } from "react";
import type { Analysis } from "@gen/notreally/v1/analysis_pb";

import { Playhead, PlayheadProvider } from "@/charts/playhead";

import { analysisJson, jsonName, saveAs } from "./exportJson";
import { FaceTabs } from "./FaceTabs";
import { faceView } from "./faceView";
import { VerdictHeader } from "./VerdictHeader";
import type { Download } from "./VideoPanel";

// Nobody reads them before the verdict.
const Reasons = dynamic(() => import("./Details").then((details) => details.Reasons), { ssr: false });
const Material = dynamic(() => import("./Details").then((details) => details.Material), { ssr: false });
const Report = dynamic(() => import("@/report/Report").then(({ Report }) => Report), { ssr: false });

export interface DashboardProps {
  /** With its result. */
  analysis: Analysis;
  /** Whether the series of the result are still on their way. */
  awaitsSeries?: boolean;
  /** The picked file, where this page still has it. */
  videoFile?: File;
  /** Fetches the video from the server; calls back with the bytes received so far. */
  download: Download;
}

export function Dashboard({ analysis, awaitsSeries = false, videoFile, download }: DashboardProps) {
  const [playhead] = useState(() => new Playhead());
  const [number, setNumber] = useState<number | undefined>();
  const stage = useStage(3);
  const { result } = analysis;
  if (!result) return null;
  const face = faceView(result, number);
  return (
    <PlayheadProvider value={playhead}>
      <div className="grid min-h-screen content-start gap-12 print:hidden">
        <FaceTabs result={result} selected={face.number} onSelect={setNumber}>
          <VerdictHeader result={result} face={face} actions={<Actions analysis={analysis} />} />
          {stage >= 1 && <Reasons result={result} face={face} />}
        </FaceTabs>
        {stage >= 2 && (
          <Material
            analysis={analysis}
            awaitsSeries={awaitsSeries}
            result={result}
            face={face}
            videoFile={videoFile}
            download={download}
          />
        )}
      </div>
      {stage >= 3 && <Report analysis={analysis} />}
    </PlayheadProvider>
  );
}

/** Counts up to `last`, one with every drawing: what comes later may take its time, and never all at once. */
function useStage(last: number): number {
  const [stage, setStage] = useState(0);
  useEffect(() => {
    if (stage < last) startTransition(() => setStage(stage + 1));
  }, [stage, last]);
  return stage;
}

function Actions({ analysis }: { analysis: Analysis }) {
  return (
    <div className="flex flex-wrap gap-2">
      <button type="button" className="button" onClick={() => window.print()}>
        <Printer className="size-4" aria-hidden="true" />
        Print a report
      </button>
      <button
        type="button"
        className="button"
        onClick={() => saveAs(jsonName(analysis.filename), analysisJson(analysis))}
      >
        <Braces className="size-4" aria-hidden="true" />
        Download as JSON
      </button>
    </div>
  );
}
