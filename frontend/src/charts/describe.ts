/** What a chart shows, in words, and its numbers by the second. */

import { ChannelMix } from "@gen/notreally/v1/audio_pb";
import type { SoundSeries } from "@gen/notreally/v1/series_pb";

import { formatCount, formatNumber, formatSignificant, formatTimecode } from "@/lib/format";

import type { Band } from "./Lines";
import { bySecond, present, type Second, type Trace } from "./series";

export function describeEyes(trace: Trace, blinks: readonly number[]): string {
  const values = present(trace);
  const opening = `The opening of the eyes lies between ${formatNumber(Math.min(...values), 2)} and ${formatNumber(Math.max(...values), 2)}.`;
  if (blinks.length === 0) return `${opening} No blink is marked.`;
  const times = blinks.map((t) => formatTimecode(t)).join(", ");
  return `${opening} ${formatCount(blinks.length, "blink is", "blinks are")} marked, at ${times}.`;
}

export function describeJitter(trace: Trace, middle: number, typical?: Band): string {
  const greatest = Math.max(...present(trace));
  const median = `Half of the time the nose jitters by less than ${formatSignificant(middle)} percent of the distance between the eyes, at most by ${formatSignificant(greatest)} percent.`;
  if (!typical) return median;
  return `${median} In most real videos that median lies between ${formatSignificant(typical.from)} and ${formatSignificant(typical.to)} percent.`;
}

export function describeMouth(mouth: Trace, loudness: Trace): string {
  const opening = `The gap between the lips is at most ${formatSignificant(Math.max(...present(mouth)))} percent of the distance between the eyes.`;
  const loud = present(loudness);
  if (loud.length === 0) return `${opening} There is no sound to compare it with.`;
  return `${opening} The sound is at most ${formatNumber(Math.max(...loud))} decibels of full scale loud.`;
}

/** `loudest` is the frequency at which the sound is strongest. */
export function describeSound(loudness: Trace, loudest: number | null): string {
  const levels = present(loudness);
  const range =
    levels.length > 0
      ? `The loudness of the sound lies between ${formatNumber(Math.min(...levels))} and ${formatNumber(Math.max(...levels))} decibels of full scale.`
      : "There is too little sound in one piece to measure its loudness.";
  return loudest === null ? range : `${range} It is strongest around ${formatNumber(loudest)} hertz.`;
}

/** Rows of a table: the time, the mean, and what else there is to say of each second. */
export function perSecondRows(
  trace: Trace,
  format: (value: number) => string,
  more: (second: Second) => string[],
): string[][] {
  return bySecond(trace).map((second) => [formatTimecode(second.start, 0), format(second.mean), ...more(second)]);
}

/** Which of the sound's channels are drawn, in words. */
export function channelsShown(sounds: readonly SoundSeries[]): string {
  return sounds.some(({ channelMix }) => channelMix === ChannelMix.LOUDEST)
    ? "Where its channels cancel each other out, the loudest of them alone is shown."
    : "All its channels are shown as one.";
}
