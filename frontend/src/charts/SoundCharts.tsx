"use client";

/** The sound as a waveform and as a spectrogram, on the same clock as the face. */

import { useCallback, useMemo } from "react";
import type { SoundSeries } from "@gen/notreally/v1/series_pb";

import { formatNumber } from "@/lib/format";

import { between, Canvas, css, type Surface } from "./Canvas";
import { channelsShown, describeSound, perSecondRows } from "./describe";
import { Figure, type Reading } from "./Figure";
import { Plot } from "./Plot";
import { isSilent, loudnessTrace, present, type Span, valueAt } from "./series";
import { barsHeight, ofHundred, VoiceBars, VoiceFindings, VoiceShades } from "./VoiceMarks";
import { describeStretches, readingAt, type Stretch } from "./voice";
import { frequencyMarks, loudestFrequency, strength } from "./spectrogram";

const WAVE_HEIGHT = 72;
const SPECTRUM_HEIGHT = 152;
/** A whisper is not drawn as large as a shout. */
const QUIETEST_SCALE = 0.05;

const WHAT_IS_DRAWN =
  "Waveform, and below it the spectrogram: time to the right, pitch upwards in hertz, stronger colour is louder.";
const WHAT_BARS_ARE = "The bars on top are the stretches of voice that were scored; press one to go there.";

interface SoundChartProps {
  sounds: readonly SoundSeries[];
  duration: number;
  gaps: readonly Span[];
  /** Of voice that was scored. */
  stretches?: readonly Stretch[];
  /** What has been heard so far is not all. */
  growing?: boolean;
  /** Which of several videos this is, before the title. */
  of?: string;
  /** The same chart above this one has said what it shows. */
  brief?: boolean;
}

export function SoundChart({ sounds, duration, gaps, stretches = [], growing = false, of, brief }: SoundChartProps) {
  const loudness = useMemo(() => loudnessTrace(sounds), [sounds]);
  const wave = useCallback((surface: Surface) => paintWaveform(surface, sounds, gaps), [sounds, gaps]);
  const spectrum = useCallback((surface: Surface) => paintSpectrogram(surface, sounds, gaps), [sounds, gaps]);
  const first = sounds.find((sound) => sound.spectrogram)?.spectrogram;
  if ((present(loudness).length === 0 && !first) || isSilent(loudness)) return null;
  const decibels = (value: number) => `${formatNumber(value)} dB`;
  return (
    <Figure
      of={of}
      brief={brief}
      title="Sound"
      about={[WHAT_IS_DRAWN, channelsShown(sounds), stretches.length > 0 && WHAT_BARS_ARE].filter(Boolean).join(" ")}
      summary={`${describeSound(loudness, loudestFrequency(sounds))} ${describeStretches(stretches)}`.trim()}
      readings={[
        {
          label: "loudness",
          mark: "bg-audio",
          at: (t) => {
            const value = valueAt(loudness, t);
            return value === null ? null : decibels(value);
          },
        },
        ...(stretches.length > 0 ? [voiceReading(stretches)] : []),
      ]}
      table={{
        head: ["From", "Mean loudness", "Least", "Greatest"],
        rows: () => perSecondRows(loudness, decibels, ({ least, greatest }) => [decibels(least), decibels(greatest)]),
      }}
    >
      <Plot duration={duration} height={barsHeight(stretches) + WAVE_HEIGHT + SPECTRUM_HEIGHT}>
        <VoiceBars stretches={stretches} duration={duration} />
        <Canvas duration={duration} height={WAVE_HEIGHT} draw={wave} />
        <div className="relative">
          <Canvas duration={duration} height={SPECTRUM_HEIGHT} draw={spectrum} />
          {first &&
            frequencyMarks(first).map(({ label, share }) => (
              <span
                key={label}
                className="absolute left-0 w-[36px] translate-y-1/2 text-right text-[11px] text-quiet"
                style={{ bottom: `${(100 * share).toFixed(2)}%` }}
              >
                {label}
              </span>
            ))}
        </div>
        <VoiceShades stretches={stretches} duration={duration} />
      </Plot>
      {stretches.length > 0 && <VoiceFindings stretches={stretches} judged={!growing} />}
    </Figure>
  );
}

function voiceReading(stretches: readonly Stretch[]): Reading {
  const at = (t: number) => {
    const value = readingAt(stretches, t);
    return value === null ? null : ofHundred(value);
  };
  return { label: "voice", mark: "bg-ink", at };
}

function paintWaveform({ context, height, x, colour }: Surface, sounds: readonly SoundSeries[], gaps: readonly Span[]) {
  paintGaps(context, height, x, gaps, css(colour("--sunken")));
  const middle = height / 2;
  const peaks = sounds.flatMap(({ waveform }) => [...(waveform?.high ?? []), ...(waveform?.low ?? [])].map(Math.abs));
  const scale = (middle - 2) / peaks.reduce((most, peak) => Math.max(most, peak), QUIETEST_SCALE);
  context.fillStyle = css(colour("--audio"));
  for (const { window, waveform } of sounds) {
    if (!waveform) continue;
    const start = window?.startS ?? 0;
    waveform.high.forEach((high, index) => {
      const low = waveform.low[index] ?? 0;
      const left = x(start + index * waveform.stepS);
      const width = Math.max(0.6, x(start + (index + 1) * waveform.stepS) - left);
      context.fillRect(left, middle - high * scale, width, Math.max(0.8, (high - low) * scale));
    });
  }
}

function paintSpectrogram(
  { context, height, x, colour }: Surface,
  sounds: readonly SoundSeries[],
  gaps: readonly Span[],
) {
  paintGaps(context, height, x, gaps, css(colour("--sunken")));
  const ramp = [colour("--panel"), colour("--audio"), colour("--ink")];
  const palette = Array.from({ length: 256 }, (_, level) => between(ramp, strength(level)));
  for (const { window, spectrogram } of sounds) {
    if (!spectrogram || spectrogram.bands === 0) continue;
    const { bands, levels, stepS } = spectrogram;
    const columns = Math.floor(levels.length / bands);
    if (columns === 0) continue;
    const image = new ImageData(columns, bands);
    for (let column = 0; column < columns; column++) {
      for (let band = 0; band < bands; band++) {
        const rgb = palette[levels[column * bands + band] ?? 0] ?? [0, 0, 0];
        image.data.set([...rgb, 255], 4 * ((bands - 1 - band) * columns + column));
      }
    }
    const small = document.createElement("canvas");
    small.width = columns;
    small.height = bands;
    small.getContext("2d")?.putImageData(image, 0, 0);
    const start = window?.startS ?? 0;
    const left = x(start);
    const end = Math.min(start + columns * stepS, window?.endS ?? Infinity);
    // On whole pixels: neighbours must neither overlap nor leave a seam.
    const [from, to] = [Math.floor(left), Math.ceil(x(end))];
    context.drawImage(small, 0, 0, Math.max(1, (end - start) / stepS), bands, from, 0, to - from, height);
  }
}

function paintGaps(
  context: CanvasRenderingContext2D,
  height: number,
  x: (t: number) => number,
  gaps: readonly Span[],
  colour: string,
) {
  context.fillStyle = colour;
  for (const { start, end } of gaps) context.fillRect(x(start), 0, x(end) - x(start), height);
}
