"use client";

/**
 * The charts of a result, drawn from what has arrived while the work runs. Load it lazily: it pulls Recharts in.
 *
 * `parts` are the series of AnalysisEvent in the order of arrival; a window that comes twice is drawn once.
 */

import { useMemo, useState } from "react";
import type { Series } from "@gen/notreally/v1/series_pb";

import { Playhead, PlayheadProvider } from "@/charts/playhead";
import { faceTrace, loudnessTrace, mergeSeries, present } from "@/charts/series";
import SignalCharts from "@/charts/SignalCharts";
import { stretchesSoFar } from "@/charts/voice";

export interface LiveChartsProps {
  parts: readonly Series[];
  /** Of the video, seconds, once it is known: the axes then do not grow. */
  durationS?: number;
}

export default function LiveCharts({ parts, durationS }: LiveChartsProps) {
  const series = useMemo(() => mergeSeries(parts), [parts]);
  const stretches = useMemo(() => stretchesSoFar(series.sounds), [series]);
  const [playhead] = useState(() => new Playhead());
  const empty =
    present(faceTrace(series.faces, "eyeAspectRatio")).length === 0 &&
    present(loudnessTrace(series.sounds)).length === 0;
  if (empty) {
    return (
      <p className="text-sm text-quiet">
        {series.faces.length > 0 ? "No face has been seen so far." : "The first measurements will be drawn here."}
      </p>
    );
  }
  return (
    <PlayheadProvider value={playhead}>
      <div className="panel p-4 sm:p-5">
        <SignalCharts series={series} durationS={durationS} stretches={stretches} growing />
      </div>
    </PlayheadProvider>
  );
}
