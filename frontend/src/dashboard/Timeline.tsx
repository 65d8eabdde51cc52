"use client";

/** The length of the video in spans: how the face looked and moved and the voice sounded, where it was seen, blinked and jittered. Pressing one goes there. */

import type { TimelineSegment } from "@gen/notreally/v1/analysis_pb";
import type { FeatureSummary } from "@gen/notreally/v1/classifier_pb";

import { useVideoTime, usePlayhead } from "@/charts/playhead";
import { formatCount, formatPercent, formatSignificant, formatTimecode } from "@/lib/format";

import { BANDS, readings, type Readings } from "./bands";
import { type Reading, unusualnessInWords } from "./heat";

interface TimelineProps {
  segments: readonly TimelineSegment[];
  /** When blinks began. */
  blinks: readonly number[];
  duration: number;
  /** Of the features among real videos; a score without its own is not drawn. */
  summaries: readonly FeatureSummary[];
}

const TOPS = ["top-0", "top-3.5", "top-7", "top-10.5"];

/** By how many bands there are. */
const HEIGHTS = ["h-16", "h-20", "h-24", "h-30", "h-34"];
const BLINKS = ["top-2", "top-5", "top-8.5", "top-12", "top-15.5"];

export function Timeline({ segments, blinks, duration, summaries }: TimelineProps) {
  const playhead = usePlayhead();
  const end = Math.max(duration, segments.at(-1)?.endS ?? 0);
  const most = Math.max(0, ...segments.map(({ noseJitter }) => noseJitter ?? 0));
  if (segments.length === 0 || end === 0) return null;
  const at = (t: number) => `${((100 * t) / end).toFixed(3)}%`;
  const all = segments.map((segment) => readings(segment, summaries));
  const bands = BANDS.filter((band) => all.some((one) => one[band] !== undefined));
  const whole =
    segments.every((segment, index) => segment.startS - (segments[index - 1]?.endS ?? 0) < 0.1) &&
    end - (segments.at(-1)?.endS ?? 0) < 0.2;
  return (
    <div>
      <h3 className="text-sm font-semibold">Timeline</h3>
      <div className={`relative mt-2 rounded-lg border border-line bg-sunken ${HEIGHTS[bands.length]}`}>
        <ol aria-label="Stretches of the video">
          {segments.map((segment, index) => (
            <li
              key={segment.startS}
              className="absolute inset-y-0"
              style={{ left: at(segment.startS), width: at(segment.endS - segment.startS) }}
            >
              <button
                type="button"
                aria-label={inWords(segment, all[index])}
                className="absolute inset-y-0 left-px right-px overflow-hidden rounded-md bg-panel hover:bg-accent-soft"
                onClick={() => playhead.seek(segment.startS)}
              >
                {bands.map((band, row) => (
                  <Tint key={band} band={band} row={row} value={all[index]?.[band]} />
                ))}
                <span
                  className="absolute inset-x-0 bottom-1.5 bg-face/25"
                  style={{ height: `${most > 0 ? (46 * (segment.noseJitter ?? 0)) / most : 0}%` }}
                />
                <span
                  className="absolute bottom-0 left-0 h-1.5 bg-accent"
                  style={{ width: formatShare(segment.faceCoverage) }}
                />
              </button>
            </li>
          ))}
        </ol>
        {blinks.map((t) => (
          <span
            key={t}
            aria-hidden="true"
            className={`pointer-events-none absolute size-2 -translate-x-1/2 rounded-full bg-ink ${BLINKS[bands.length]}`}
            style={{ left: at(t) }}
          />
        ))}
        <Needle end={end} />
      </div>
      <div className="mt-1 flex justify-between text-xs text-quiet tabular-nums" aria-hidden="true">
        <span>{formatTimecode(0, 0)}</span>
        <span>{formatTimecode(end, 0)}</span>
      </div>
      <ul className="mt-1 flex flex-wrap gap-x-4 gap-y-1 text-xs text-quiet" aria-hidden="true">
        {bands.length > 0 && (
          <>
            <li>{bandsInWords(bands)}</li>
            <Key mark="h-3 w-3.5 bg-real/45">like real videos</Key>
            <Key mark="h-3 w-3.5 bg-fake/75">more like forgeries</Key>
          </>
        )}
        <Key mark="h-1.5 w-3.5 bg-accent">face seen</Key>
        <Key mark="h-3 w-3.5 bg-face/25">nose jitter</Key>
        {blinks.length > 0 && <Key mark="size-2 rounded-full bg-ink">blink</Key>}
        {!whole && <Key mark="h-3 w-3.5 border border-line bg-sunken">not analysed</Key>}
      </ul>
    </div>
  );
}

/** What a network reads in a span: red only where real videos seldom are. */
function Tint({ band, row, value }: { band: Reading; row: number; value: number | undefined }) {
  if (value === undefined) return null;
  return (
    <span
      data-band={band}
      className={`absolute inset-x-0 h-3 ${TOPS[row]} ${value > 0 ? "bg-fake" : "bg-real"}`}
      style={{ opacity: value > 0 ? 0.3 + 0.6 * value : 0.15 - 0.45 * value }}
    />
  );
}

function Needle({ end }: { end: number }) {
  const time = useVideoTime();
  if (time === null) return null;
  const share = Math.min(1, time / end);
  return (
    <span
      aria-hidden="true"
      data-needle=""
      className="pointer-events-none absolute -inset-y-1 w-0.5 -translate-x-1/2 rounded-full bg-ink"
      style={{ left: `${(100 * share).toFixed(3)}%` }}
    />
  );
}

function Key({ mark, children }: { mark: string; children: string }) {
  return (
    <li className="inline-flex items-center gap-1.5">
      <span className={`inline-block ${mark}`} />
      {children}
    </li>
  );
}

/** Which band is which, from above. */
function bandsInWords(bands: readonly Reading[]): string {
  const [first, second, third, fourth] = bands;
  if (fourth) return `bands from above: ${bands.join(", ")}`;
  if (third) return `upper band: ${first}, middle: ${second}, lower: ${third}`;
  return second ? `upper band: ${first}, lower band: ${second}` : `band: ${first}`;
}

/** What a span says, for those who do not see it. */
function inWords(segment: TimelineSegment, values: Readings = {}): string {
  const { startS, endS, faceCoverage, blinks, noseJitter } = segment;
  const parts = [`face in ${formatPercent(faceCoverage)} of the frames`, formatCount(blinks, "blink", "blinks")];
  if (noseJitter !== undefined)
    parts.push(`nose jitters by ${formatSignificant(100 * noseJitter)}% of the distance between the eyes`);
  for (const band of BANDS) {
    const value = values[band];
    if (value !== undefined) parts.push(unusualnessInWords(value, band));
  }
  return `Go to ${formatTimecode(startS)}: until ${formatTimecode(endS)}, ${parts.join(", ")}`;
}

function formatShare(share: number): string {
  return `${(100 * Math.min(1, share)).toFixed(2)}%`;
}
