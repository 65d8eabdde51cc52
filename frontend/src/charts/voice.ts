/** Where in the sound the voice network listened, and what it made of it. */

import type { VoiceResult } from "@gen/notreally/v1/analysis_pb";
import type { SoundSeries } from "@gen/notreally/v1/series_pb";

import { formatCount, formatTimecode } from "@/lib/format";

import { type Span, union } from "./series";

/** A few seconds of voice. They overlap. */
export interface Stretch extends Span {
  /** Of being synthesised. */
  logOdds: number;
  /** Its reading is one that real speech hardly ever gives. */
  suspicious: boolean;
}

export function stretchesOf(voice: VoiceResult | undefined): Stretch[] {
  return (voice?.stretches ?? []).map(({ startS, endS, logOdds, suspicious }) => ({
    start: startS,
    end: endS,
    logOdds,
    suspicious,
  }));
}

/** While the work runs, as far as the server tells: whether one stands out is known only at the end. */
export function stretchesSoFar(sounds: readonly SoundSeries[]): Stretch[] {
  return sounds
    .flatMap(({ voice }) => voice)
    .map(({ startS, endS, logOdds }) => ({ start: startS, end: endS, logOdds, suspicious: false }));
}

/** What stands out as synthesised, joined where it touches. */
export function suspiciousSpans(stretches: readonly Stretch[]): Span[] {
  return union(stretches.filter(({ suspicious }) => suspicious));
}

/** "From 0:12 to 0:15". */
export function fromTo({ start, end }: Span): string {
  return `From ${formatTimecode(start, 0)} to ${formatTimecode(end, 0)}`;
}

/** The row of each stretch, so that none covers another. */
export function rows(stretches: readonly Stretch[]): number[] {
  const ends: number[] = [];
  return stretches.map(({ start, end }) => {
    const free = ends.findIndex((each) => each <= start);
    const row = free === -1 ? ends.length : free;
    ends[row] = end;
    return row;
  });
}

/** Mean log-odds of the stretches around a time; null where there is none. */
export function readingAt(stretches: readonly Stretch[], t: number): number | null {
  const here = stretches.filter(({ start, end }) => start <= t && t < end);
  return here.length === 0 ? null : here.reduce((sum, { logOdds }) => sum + logOdds, 0) / here.length;
}

/** For those who do not see the marks. */
export function describeStretches(stretches: readonly Stretch[]): string {
  if (stretches.length === 0) return "";
  const scored = `The voice was scored in ${formatCount(stretches.length, "stretch", "stretches")}.`;
  const found = suspiciousSpans(stretches).map((span) => `${fromTo(span)} it sounds synthesised.`);
  return [scored, ...found].join(" ");
}
