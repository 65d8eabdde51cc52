"use client";

/** All charts of a series under each other, on one clock. The only module that pulls Recharts in: load it lazily. */

import { useMemo } from "react";
import type { Series } from "@gen/notreally/v1/series_pb";

import { EyeChart, JitterChart, MouthChart } from "./FaceCharts";
import type { Band } from "./Lines";
import { analyzedSpans, gapsBetween, lastTime } from "./series";
import { SoundChart } from "./SoundCharts";
import type { Stretch } from "./voice";

export interface SignalChartsProps {
  series: Series;
  /** Of the video, seconds; without it the axis ends where the series does. */
  durationS?: number;
  /** Of voice that was scored. */
  stretches?: readonly Stretch[];
  /** Usual range of nose jitter, in percent of the distance between the eyes. */
  typicalJitter?: Band;
  /** While the work runs, what has not been looked at yet is no gap. */
  growing?: boolean;
}

export default function SignalCharts({ series, durationS, stretches, typicalJitter, growing = false }: SignalChartsProps) {
  const duration = Math.max(durationS ?? 0, lastTime(series), 0.1);
  const gaps = useMemo(
    () => (growing ? [] : gapsBetween(analyzedSpans(series), duration)),
    [series, duration, growing],
  );
  const shared = { faces: series.faces, duration, gaps };
  return (
    <div className="grid gap-8">
      <EyeChart {...shared} />
      <JitterChart {...shared} typical={typicalJitter} />
      <MouthChart {...shared} sounds={series.sounds} />
      <SoundChart sounds={series.sounds} duration={duration} gaps={gaps} stretches={stretches} growing={growing} />
      {gaps.length > 0 && (
        <p className="text-sm text-quiet">
          <span
            className="mr-1.5 inline-block size-3 translate-y-0.5 rounded-sm border border-line bg-sunken"
            aria-hidden="true"
          />
          Shaded stretches were not analysed: a long video is sampled over its whole length.
        </p>
      )}
    </div>
  );
}
