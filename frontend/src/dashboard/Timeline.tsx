"use client";

/** The length of the video in spans: where the face was seen, blinked and trembled. Pressing a span goes there. */

import type { TimelineSegment } from "@gen/notreally/v1/analysis_pb";

import { useVideoTime, usePlayhead } from "@/charts/playhead";
import { formatCount, formatPercent, formatSignificant, formatTimecode } from "@/lib/format";

interface TimelineProps {
  segments: readonly TimelineSegment[];
  /** When blinks began. */
  blinks: readonly number[];
  duration: number;
}

export function Timeline({ segments, blinks, duration }: TimelineProps) {
  const playhead = usePlayhead();
  const end = Math.max(duration, segments.at(-1)?.endS ?? 0);
  const most = Math.max(0, ...segments.map(({ noseJitter }) => noseJitter ?? 0));
  if (segments.length === 0 || end === 0) return null;
  const at = (t: number) => `${((100 * t) / end).toFixed(3)}%`;
  const whole =
    segments.every((segment, index) => segment.startS - (segments[index - 1]?.endS ?? 0) < 0.1) &&
    end - (segments.at(-1)?.endS ?? 0) < 0.2;
  return (
    <div>
      <h3 className="text-sm font-semibold">Timeline</h3>
      <div className="relative mt-2 h-16 rounded-lg border border-line bg-sunken">
        <ol aria-label="Stretches of the video">
          {segments.map((segment) => (
            <li
              key={segment.startS}
              className="absolute inset-y-0"
              style={{ left: at(segment.startS), width: at(segment.endS - segment.startS) }}
            >
              <button
                type="button"
                aria-label={inWords(segment)}
                className="absolute inset-y-0 left-px right-px overflow-hidden rounded-md bg-panel hover:bg-accent-soft"
                onClick={() => playhead.seek(segment.startS)}
              >
                <span
                  className="absolute inset-x-0 bottom-1.5 bg-face/25"
                  style={{ height: `${most > 0 ? (52 * (segment.noseJitter ?? 0)) / most : 0}%` }}
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
            className="pointer-events-none absolute top-2 size-2 -translate-x-1/2 rounded-full bg-ink"
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
        <Key mark="h-1.5 w-3.5 bg-accent">face seen</Key>
        <Key mark="h-3 w-3.5 bg-face/25">trembling of the nose</Key>
        {blinks.length > 0 && <Key mark="size-2 rounded-full bg-ink">blink</Key>}
        {!whole && <Key mark="h-3 w-3.5 border border-line bg-sunken">not looked at</Key>}
      </ul>
    </div>
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

/** What a span says, for those who do not see it. */
function inWords({ startS, endS, faceCoverage, blinks, noseJitter }: TimelineSegment): string {
  const parts = [`face in ${formatPercent(faceCoverage)} of the frames`, formatCount(blinks, "blink", "blinks")];
  if (noseJitter !== undefined)
    parts.push(`nose trembles by ${formatSignificant(100 * noseJitter)} % of the distance between the eyes`);
  return `Go to ${formatTimecode(startS)}: until ${formatTimecode(endS)}, ${parts.join(", ")}`;
}

function formatShare(share: number): string {
  return `${(100 * Math.min(1, share)).toFixed(2)}%`;
}
