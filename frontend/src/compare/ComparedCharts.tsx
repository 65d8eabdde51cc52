"use client";

/** The charts of two videos under each other, on one clock and on the same scales. */

import { type ReactNode, useMemo } from "react";
import type { AnalysisResult } from "@gen/notreally/v1/analysis_pb";

import { EyeChart, JitterChart, MouthChart } from "@/charts/FaceCharts";
import { analyzedSpans, faceTrace, gapsBetween, lastTime, loudnessTrace, present } from "@/charts/series";
import { SoundChart } from "@/charts/SoundCharts";
import { stretchesOf } from "@/charts/voice";

interface Video {
  of: string;
  result: AnalysisResult;
}

export function ComparedCharts({ a, b }: { a: AnalysisResult; b: AnalysisResult }) {
  const duration = Math.max(lengthOf(a), lengthOf(b), 0.1);
  const first = useChartProps({ of: "A", result: a }, duration);
  const second = useChartProps({ of: "B", result: b }, duration);
  const pairs = [
    { ...first, peers: second.faces },
    { ...second, peers: first.faces, brief: first.faces.length > 0 },
  ];
  const usual = a.model?.features.find(({ feature }) => feature === "nose_jitter");
  const typical = usual && { from: 100 * usual.p05, to: 100 * usual.p95 };
  return (
    <div className="grid gap-6">
      {[first, second].map(({ of, faces, sounds }) => (
        <Absent
          key={of}
          of={of}
          face={present(faceTrace(faces, "eyeAspectRatio")).length > 0}
          sound={present(loudnessTrace(sounds)).length > 0}
        />
      ))}
      <Group>
        {pairs.map((props) => (
          <EyeChart key={props.of} {...props} />
        ))}
      </Group>
      <Group>
        {pairs.map((props) => (
          <JitterChart key={props.of} {...props} typical={typical} />
        ))}
      </Group>
      <Group>
        {pairs.map((props) => (
          <MouthChart key={props.of} {...props} />
        ))}
      </Group>
      <Group>
        {pairs.map(({ of, sounds, gaps, stretches }) => (
          <SoundChart
            key={of}
            of={of}
            brief={of === "B" && first.sounds.length > 0}
            sounds={sounds}
            duration={duration}
            gaps={gaps}
            stretches={stretches}
          />
        ))}
      </Group>
    </div>
  );
}

/** One kind of chart, of both videos. */
function Group({ children }: { children: ReactNode }) {
  return <div className="panel grid gap-6 p-4 empty:hidden sm:p-5">{children}</div>;
}

/** What of a video there is nothing to draw of. */
function Absent({ of, face, sound }: { of: string; face: boolean; sound: boolean }) {
  if (face && sound) return null;
  const what = face ? "sound" : sound ? "face" : "face and no sound";
  return (
    <p className="text-sm text-quiet">
      In {of} there is no {what} to draw.
    </p>
  );
}

function useChartProps({ of, result }: Video, duration: number) {
  const { series } = result;
  return useMemo(
    () => ({
      of,
      duration,
      faces: series?.faces ?? [],
      sounds: series?.sounds ?? [],
      stretches: stretchesOf(result.voice),
      // What lies after the end of the shorter one was not left out.
      gaps: series ? gapsBetween(analyzedSpans(series), Math.min(duration, lengthOf(result))) : [],
    }),
    [of, result, series, duration],
  );
}

function lengthOf({ quality, series }: AnalysisResult): number {
  return Math.max(quality?.durationS ?? 0, series ? lastTime(series) : 0);
}
