/** From the series of a result to traces that a chart can draw: time on the video's clock, gaps where nothing was seen. */

import { create } from "@bufbuild/protobuf";
import { type FaceSeries, type Series, SeriesSchema, type SoundSeries } from "@gen/notreally/v1/series_pb";

/** Seconds on the video's clock. */
export interface Span {
  start: number;
  end: number;
}

/** One number at one time; null where the line must break. */
export interface Point {
  t: number;
  value: number | null;
}

export type Trace = Point[];

/** Numbers a second in SoundSeries.log_rms. */
const LOUDNESS_HZ = 25;
/** One natural logarithm of an amplitude in decibels. */
const DB_PER_NEPER = 20 * Math.LOG10E;
/** Points further apart than this many usual steps are not joined. */
const LARGEST_STEPS = 2.5;

/** What one frame of the headline face can be drawn from. */
export type FaceSignal = "eyeAspectRatio" | "mouthGap" | "noseJitter";

/** Windows one after another, each once: a later part replaces an earlier one of the same window. */
export function mergeSeries(parts: readonly Series[]): Series {
  return create(SeriesSchema, {
    faces: byWindow(parts.flatMap((part) => part.faces)),
    sounds: byWindow(parts.flatMap((part) => part.sounds)),
  });
}

/** The line of one signal of the face, multiplied by `scale`. */
export function faceTrace(faces: readonly FaceSeries[], signal: FaceSignal, scale = 1): Trace {
  return joined(faces.map((face) => face.timesS.map((t, index) => ({ t, value: finite(face[signal][index], scale) }))));
}

/** Loudness in decibels below full scale. */
export function loudnessTrace(sounds: readonly SoundSeries[]): Trace {
  return joined(
    sounds.map((sound) =>
      sound.logRms.map((level, index) => ({
        t: (sound.window?.startS ?? 0) + (index + 0.5) / LOUDNESS_HZ,
        value: finite(level, DB_PER_NEPER),
      })),
    ),
  );
}

/** Softer than this, decibels of full scale, a track is silent: what it holds is nobody's sound. */
const SILENCE_DB = -80;

/** Whether there is sound that never rises above silence. */
export function isSilent(loudness: Trace): boolean {
  const levels = present(loudness);
  return levels.length > 0 && levels.every((level) => level < SILENCE_DB);
}

/** When blinks began, ascending. */
export function blinkTimes(faces: readonly FaceSeries[]): number[] {
  return faces.flatMap((face) => face.blinksS).sort((a, b) => a - b);
}

/** Spans that were looked at or listened to, joined where they touch. */
export function analyzedSpans(series: Series): Span[] {
  const windows = [...series.faces, ...series.sounds].flatMap(({ window }) =>
    window ? [{ start: window.startS, end: window.endS }] : [],
  );
  return union(windows);
}

/** What lies between the spans from 0 to `duration`. */
export function gapsBetween(spans: readonly Span[], duration: number): Span[] {
  const gaps: Span[] = [];
  let from = 0;
  for (const span of spans) {
    // Frames do not begin exactly where windows do.
    if (span.start - from > 0.1) gaps.push({ start: from, end: Math.min(span.start, duration) });
    from = Math.max(from, span.end);
  }
  if (duration - from > 0.1) gaps.push({ start: from, end: duration });
  return gaps;
}

/** The end of the last window: how long a video is at least. */
export function lastTime(series: Series): number {
  return analyzedSpans(series).at(-1)?.end ?? 0;
}

/** The values that are there. */
export function present(trace: Trace): number[] {
  return trace.flatMap(({ value }) => (value === null ? [] : [value]));
}

export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** The value that `share` of the values do not exceed. */
export function quantile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null;
}

/** The value nearest to a time; null when none is within `within` seconds. */
export function valueAt(trace: Trace, t: number, within = 0.1): number | null {
  const after = firstFrom(trace, t);
  let best: Point | null = null;
  for (const point of [trace[after - 1], trace[after]]) {
    if (!point || point.value === null || Math.abs(point.t - t) > within) continue;
    if (best === null || Math.abs(point.t - t) < Math.abs(best.t - t)) best = point;
  }
  return best?.value ?? null;
}

/** Mean, least and greatest of each second in which there is something. */
export interface Second {
  start: number;
  mean: number;
  least: number;
  greatest: number;
}

export function bySecond(trace: Trace): Second[] {
  const seconds = new Map<number, number[]>();
  for (const { t, value } of trace) {
    if (value === null) continue;
    const start = Math.floor(t);
    const values = seconds.get(start);
    if (values) values.push(value);
    else seconds.set(start, [value]);
  }
  return [...seconds].map(([start, values]) => ({
    start,
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    least: Math.min(...values),
    greatest: Math.max(...values),
  }));
}

/** Index of the first entry at `t` or later; the entries ascend in time. */
export function firstFrom(trace: readonly { t: number }[], t: number): number {
  let low = 0;
  let high = trace.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((trace[middle]?.t ?? Infinity) < t) low = middle + 1;
    else high = middle;
  }
  return low;
}

function byWindow<T extends FaceSeries | SoundSeries>(windows: readonly T[]): T[] {
  const unique = new Map(windows.map((each) => [each.window?.startS ?? 0, each]));
  return [...unique].sort(([a], [b]) => a - b).map(([, each]) => each);
}

function joined(windows: readonly Trace[]): Trace {
  const trace: Trace = [];
  const step = median(windows.flatMap((window) => window.slice(1).map(({ t }, index) => t - (window[index]?.t ?? t))));
  for (const point of windows.flat()) {
    const last = trace.at(-1);
    if (last && step !== null && point.t - last.t > LARGEST_STEPS * step) {
      trace.push({ t: (last.t + point.t) / 2, value: null });
    }
    trace.push(point);
  }
  return trace;
}

/** The same time as spans that do not overlap, joined where they touch. */
export function union(spans: readonly Span[]): Span[] {
  const found: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.start - b.start)) {
    const last = found.at(-1);
    if (last && span.start - last.end < 0.1) last.end = Math.max(last.end, span.end);
    else found.push({ ...span });
  }
  return found;
}

function finite(value: number | undefined, scale: number): number | null {
  return value !== undefined && Number.isFinite(value) ? value * scale : null;
}
