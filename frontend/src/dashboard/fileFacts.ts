/** What the container says of itself, as rows of label and value. */

import type { Analysis } from "@gen/notreally/v1/analysis_pb";
import type { AudioFacts, MediaFacts } from "@gen/notreally/v1/metadata_pb";

import { formatBytes, formatDateTime, formatDuration, formatNumber } from "@/lib/format";

export type FactRow = readonly [label: string, value: string];

export function fileRows(facts: MediaFacts, media: Analysis["media"], locale?: string): FactRow[] {
  const rows: (FactRow | null)[] = [
    ["Container", facts.container.replaceAll(",", ", ")],
    ["Size", formatBytes(facts.sizeBytes, locale)],
    given("Length", facts.durationS, (value) => formatDuration(value, locale)),
    given("Bit rate", facts.bitRate, (value) => formatBitRate(value, locale)),
    given("Made", facts.creationTime, (value) => formatDateTime(value, locale)),
    given("Encoder", facts.encoder, (value) => value),
    facts.videoStreams > 1 ? ["Video streams", formatNumber(facts.videoStreams, 0, locale)] : null,
    facts.audioStreams > 1 ? ["Sound streams", formatNumber(facts.audioStreams, 0, locale)] : null,
    given("SHA-256", media?.sha256 || undefined, (value) => value),
  ];
  return rows.filter((row) => row !== null);
}

export function videoRows({ video }: MediaFacts, locale?: string): FactRow[] {
  if (!video) return [];
  const rows: (FactRow | null)[] = [
    ["Codec", withProfile(video.codec, video.profile)],
    ["Picture", `${video.width} × ${video.height}${video.rotationDeg ? `, turned by ${video.rotationDeg}°` : ""}`],
    given(
      "Frames a second",
      video.fps,
      (value) => `${formatNumber(value, 2, locale)}${video.variableFrameRate ? ", varying" : ""}`,
    ),
    given("Frames", video.frameCount, (value) => formatNumber(Number(value), 0, locale)),
    given("Bit rate", video.bitRate, (value) => formatBitRate(value, locale)),
    given("Pixels", video.pixelFormat || undefined, (value) => value),
    video.startS !== 0 ? ["Begins at", formatDuration(video.startS, locale)] : null,
  ];
  return rows.filter((row) => row !== null);
}

export function soundRows({ audio }: MediaFacts, locale?: string): FactRow[] {
  if (!audio) return [];
  const rows: (FactRow | null)[] = [
    ["Codec", withProfile(audio.codec, audio.profile)],
    ["Channels", channels(audio, locale)],
    ["Sample rate", `${formatNumber(audio.sampleRateHz / 1000, 1, locale)} kHz`],
    given("Bit rate", audio.bitRate, (value) => formatBitRate(value, locale)),
    given("Length", audio.durationS, (value) => formatDuration(value, locale)),
    audio.startS !== 0 ? ["Begins at", formatDuration(audio.startS, locale)] : null,
  ];
  return rows.filter((row) => row !== null);
}

/** Their number, and what they are for where the number does not say it. */
function channels({ channels, channelLayout }: AudioFacts, locale?: string): string {
  const count = formatNumber(channels, 0, locale);
  return channels > 2 && channelLayout ? `${count} (${channelLayout})` : count;
}

export function formatBitRate(bitsPerSecond: number, locale?: string): string {
  return bitsPerSecond >= 1e6
    ? `${formatNumber(bitsPerSecond / 1e6, 1, locale)} Mbit/s`
    : `${formatNumber(bitsPerSecond / 1e3, 0, locale)} kbit/s`;
}

function withProfile(codec: string, profile: string | undefined): string {
  return profile ? `${codec}, ${profile}` : codec;
}

function given<T>(label: string, value: T | undefined, words: (value: T) => string): FactRow | null {
  return value === undefined ? null : [label, words(value)];
}
