"use client";

/** Eyes, nose and mouth over time. */

import { useMemo } from "react";
import type { FaceSeries, SoundSeries } from "@gen/notreally/v1/series_pb";

import { formatCount, formatNumber, formatSignificant } from "@/lib/format";

import { describeEyes, describeJitter, describeMouth, perSecondRows } from "./describe";
import { Figure } from "./Figure";
import { roundUp } from "./geometry";
import { type Band, Lines } from "./Lines";
import { Plot } from "./Plot";
import { blinkTimes, faceTrace, isSilent, loudnessTrace, median, present, quantile, type Span, valueAt } from "./series";

const HEIGHT = 168;
const PERCENT = 100;

export interface FaceChartProps {
  faces: readonly FaceSeries[];
  duration: number;
  gaps: readonly Span[];
  /** Of a video to compare with: the scales hold both. */
  peers?: readonly FaceSeries[];
  /** Which of several videos this is, before the title. */
  of?: string;
  /** The same chart above this one has said what it shows. */
  brief?: boolean;
}

const ratio = (value: number) => formatNumber(value, 2);
const percent = (value: number) => `${formatSignificant(value)} %`;
const decibels = (value: number) => `${formatNumber(value)} dB`;
const plain = (value: number) => formatSignificant(value);

export function EyeChart({ faces, duration, gaps, peers = [], of, brief }: FaceChartProps) {
  const trace = useMemo(() => faceTrace(faces, "eyeAspectRatio"), [faces]);
  const blinks = useMemo(() => blinkTimes(faces), [faces]);
  const values = present(trace);
  if (values.length === 0) return null;
  return (
    <Figure
      of={of}
      brief={brief}
      title="Opening of the eyes"
      about="Height of the eyes over their width, mean of both. A blink is a short, deep dip."
      summary={describeEyes(trace, blinks)}
      readings={[
        { label: "opening", mark: "bg-face", at: (t) => read(valueAt(trace, t), ratio) },
        ...(blinks.length > 0 ? [{ label: formatCount(blinks.length, "blink", "blinks"), mark: "bg-accent" }] : []),
      ]}
      table={{
        head: ["From", "Mean opening", "Least", "Blinks"],
        rows: () =>
          perSecondRows(trace, ratio, (second) => [
            ratio(second.least),
            String(blinks.filter((at) => at >= second.start && at < second.start + 1).length),
          ]),
      }}
    >
      <Plot duration={duration} height={HEIGHT}>
        <Lines
          duration={duration}
          height={HEIGHT}
          gaps={gaps}
          marks={blinks}
          main={{
            trace,
            colour: "var(--face)",
            domain: [0, roundUp(Math.max(...values, ...present(faceTrace(peers, "eyeAspectRatio"))))],
            format: ratio,
          }}
        />
      </Plot>
    </Figure>
  );
}

/** `typical` is the usual range of the median among real videos, in percent of the distance between the eyes. */
export function JitterChart({
  faces,
  duration,
  gaps,
  peers = [],
  of,
  brief,
  typical,
}: FaceChartProps & { typical?: Band }) {
  const trace = useMemo(() => faceTrace(faces, "noseJitter", PERCENT), [faces]);
  const values = present(trace);
  const middle = median(values);
  if (middle === null) return null;
  // A single jump must not flatten all the rest.
  const usual = (each: readonly number[]) => 1.15 * (quantile(each, 0.98) ?? 0);
  const top = Math.max(
    usual(values),
    usual(present(faceTrace(peers, "noseJitter", PERCENT))),
    1.3 * (typical?.to ?? 0),
    2 * middle,
  );
  return (
    <Figure
      of={of}
      brief={brief}
      title="Nose jitter"
      about={
        "How far the tip of the nose leaves its path from one frame to the next, in percent of the distance between the eyes. " +
        (typical
          ? "Dashed: the median of this video. Shaded: where it lies in most real videos."
          : "Dashed: the median so far.")
      }
      summary={describeJitter(trace, middle, typical)}
      readings={[{ label: "jitter", mark: "bg-face", at: (t) => read(valueAt(trace, t), percent) }]}
      table={{
        head: ["From", "Mean", "Greatest"],
        rows: () => perSecondRows(trace, percent, (second) => [percent(second.greatest)]),
      }}
    >
      <Plot duration={duration} height={HEIGHT}>
        <Lines
          duration={duration}
          height={HEIGHT}
          gaps={gaps}
          level={middle}
          band={typical}
          main={{ trace, colour: "var(--face)", domain: [0, roundUp(top)], format: plain }}
        />
      </Plot>
    </Figure>
  );
}

/** The mouth's opening on the left scale, loudness on the right; either may be missing. */
export function MouthChart({
  faces,
  sounds,
  duration,
  gaps,
  peers = [],
  of,
  brief,
}: FaceChartProps & { sounds: readonly SoundSeries[] }) {
  const mouth = useMemo(() => faceTrace(faces, "mouthGap", PERCENT), [faces]);
  const loudness = useMemo(() => loudnessTrace(sounds), [sounds]);
  const gapValues = present(mouth);
  if (gapValues.length === 0) return null;
  const loud = present(loudness);
  const hasSound = loud.length > 0 && !isSilent(loudness);
  return (
    <Figure
      of={of}
      brief={brief}
      title={hasSound ? "Opening of the mouth and loudness" : "Opening of the mouth"}
      about={
        "Gap between the lips, in percent of the distance between the eyes" +
        (hasSound
          ? ", over the loudness of the sound in decibels (right scale). In speech the two rise and fall together."
          : ".")
      }
      summary={describeMouth(mouth, hasSound ? loudness : [])}
      readings={[
        { label: "mouth", mark: "bg-fused", at: (t) => read(valueAt(mouth, t), percent) },
        ...(hasSound
          ? [{ label: "loudness", mark: "bg-audio", at: (t: number) => read(valueAt(loudness, t), decibels) }]
          : []),
      ]}
      table={{
        head: ["From", "Mean opening", "Greatest", ...(hasSound ? ["Loudness"] : [])],
        rows: () =>
          perSecondRows(mouth, percent, (second) => [
            percent(second.greatest),
            ...(hasSound ? [read(meanIn(loudness, second.start), decibels) ?? "–"] : []),
          ]),
      }}
    >
      <Plot duration={duration} height={HEIGHT}>
        <Lines
          duration={duration}
          height={HEIGHT}
          gaps={gaps}
          main={{
            trace: mouth,
            colour: "var(--fused)",
            domain: [0, roundUp(Math.max(...gapValues, ...present(faceTrace(peers, "mouthGap", PERCENT))))],
            format: plain,
          }}
          second={
            hasSound
              ? { trace: loudness, colour: "var(--audio)", domain: loudnessDomain(loud), format: plain, faint: true }
              : undefined
          }
        />
      </Plot>
    </Figure>
  );
}

function loudnessDomain(values: readonly number[]): [number, number] {
  const least = Math.max(-80, Math.floor(Math.min(...values) / 20) * 20);
  // Not minus zero.
  return [least, Math.ceil(Math.max(...values) / 20) * 20 || 0];
}

function meanIn(trace: readonly { t: number; value: number | null }[], start: number): number | null {
  const values = trace.flatMap(({ t, value }) => (value !== null && t >= start && t < start + 1 ? [value] : []));
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
}

function read(value: number | null, format: (value: number) => string): string | null {
  return value === null ? null : format(value);
}
