"use client";

import type { Analysis } from "@gen/notreally/v1/analysis_pb";
import dynamic from "next/dynamic";
import { useEffect, useState } from "react";

import { FileDetails } from "@/dashboard/FileDetails";
import { isSound } from "@/dashboard/part";
import { api } from "@/lib/api/client";
import { failureOf } from "@/lib/api/errors";
import { useWatched } from "@/lib/session";
import { ProgressView } from "@/progress/ProgressView";
import { isOver } from "@/progress/watcher";
import { hasSoundName } from "@/upload/checks";

import { About } from "./Notice";

const LiveCharts = dynamic(() => import("@/dashboard/LiveCharts"), { ssr: false });

/** An analysis at work: how far it is, and what has been measured so far. */
export function Running({ analysis, onEnd }: { analysis: Analysis; onEnd: () => void }) {
  const { name, filename } = analysis;
  const watched = useWatched(name, true);
  const { facts } = watched.progress;
  const over = isOver(watched);
  useEffect(() => {
    if (over) onEnd();
  }, [over, onEnd]);
  return (
    <div>
      <div className="mx-auto max-w-3xl">
        <About analysis={analysis} />
        <div className="flex flex-wrap items-start justify-between gap-4">
          <h1 className="text-3xl font-semibold tracking-tight">
            {isSound(facts) || hasSoundName(filename) ? "Listening to your recording" : "Looking at your video"}
          </h1>
          <CancelButton name={name} />
        </div>
        <section aria-label="Progress" className="panel mt-6 p-5 sm:p-6">
          <ProgressView watched={watched} filename={filename} />
        </section>
        <p className="mt-3 text-sm text-quiet">
          You can leave: the work goes on, and this address shows the result.
        </p>
      </div>
      <section aria-labelledby="so-far" className="mt-10 min-h-96">
        <h2 id="so-far" className="text-xl font-semibold tracking-tight">
          Measured so far
        </h2>
        <div className="mt-4">
          <LiveCharts parts={watched.progress.parts} durationS={facts?.durationS} />
        </div>
      </section>
      {facts && (
        <div className="mt-10">
          <FileDetails facts={facts} media={analysis.media} />
        </div>
      )}
    </div>
  );
}

function CancelButton({ name }: { name: string }) {
  const [asked, setAsked] = useState(false);
  const [problem, setProblem] = useState<string>();
  const cancel = async () => {
    setAsked(true);
    setProblem(undefined);
    try {
      await api().cancelAnalysis({ name });
      // The last event says so to everybody who watches.
    } catch (error) {
      setAsked(false);
      setProblem(failureOf(error).message);
    }
  };
  return (
    <div className="text-right">
      <button type="button" className="button" disabled={asked} onClick={() => void cancel()}>
        {asked ? "Cancelling" : "Cancel"}
      </button>
      {problem !== undefined && (
        <p role="alert" className="mt-2 text-sm">
          {problem}
        </p>
      )}
    </div>
  );
}
