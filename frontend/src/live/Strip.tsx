import type { TimelineSegment } from "@gen/notreally/v1/analysis_pb";

import { BANDS, readings, type Readings } from "@/dashboard/bands";
import { formatPercent, formatTimecode } from "@/lib/format";

import type { LiveView } from "./session";
import { WORDS } from "./words";

const NAMES = { appearance: "Synthesised", blending: "Blended", movement: "Movement", voice: "Voice" } as const;
/** So that the first windows are not as wide as the page. */
const LEAST_S = 60;
/** How far beyond what is usual a reading is marked. */
const MARKED = 0.5;

/** The session in windows: how the face looked and moved and the voice sounded, with a mark where something looked forged. */
export function Strip({ view: { windows, event } }: { view: LiveView }) {
  const summaries = event?.recent?.model?.features ?? event?.whole?.model?.features ?? [];
  const end = Math.max(LEAST_S, event?.throughS ?? 0, windows.at(-1)?.endS ?? 0);
  const all = windows.map((one) => readings(one, summaries));
  const at = (t: number) => `${((100 * t) / end).toFixed(3)}%`;
  return (
    <section aria-labelledby="lanes" className="panel p-4 sm:p-5">
      <h2 id="lanes" className="text-sm font-semibold">
        {WORDS.lanes}
      </h2>
      <div className="mt-3 grid grid-cols-[5.5rem_minmax(0,1fr)] items-center gap-x-3 gap-y-1.5 text-xs text-quiet">
        <span>Face</span>
        <div className="relative h-2 rounded bg-sunken" aria-hidden>
          {windows.map((one) => (
            <span
              key={one.startS}
              className="absolute inset-y-0 rounded-sm bg-accent"
              style={{ left: at(one.startS), width: at((one.endS - one.startS) * one.faceCoverage) }}
            />
          ))}
        </div>
        {BANDS.map((band) => (
          <Lane key={band} name={NAMES[band]} windows={windows} values={all.map((one) => one[band])} at={at} />
        ))}
        <span />
        <div className="flex justify-between tabular-nums" aria-hidden>
          <span>{formatTimecode(0, 0)}</span>
          <span>{formatTimecode(end, 0)}</span>
        </div>
      </div>
      <Marks windows={windows} all={all} />
    </section>
  );
}

interface LaneProps {
  name: string;
  windows: readonly TimelineSegment[];
  values: readonly (number | undefined)[];
  at: (t: number) => string;
}

function Lane({ name, windows, values, at }: LaneProps) {
  return (
    <>
      <span>{name}</span>
      <div className="relative h-5 rounded bg-sunken" aria-hidden>
        {windows.map(({ startS, endS }, index) => {
          const value = values[index];
          if (value === undefined) return null;
          return (
            <span key={startS} className="absolute inset-y-0 p-px" style={{ left: at(startS), width: at(endS - startS) }}>
              <span
                className={`block size-full rounded-sm ${value > 0 ? "bg-fake" : "bg-real"}`}
                style={{ opacity: value > 0 ? 0.3 + 0.6 * value : 0.15 - 0.45 * value }}
              />
              {value > MARKED && (
                <span className="absolute -top-1 left-1/2 size-2 -translate-x-1/2 rounded-full border border-panel bg-fake" />
              )}
            </span>
          );
        })}
      </div>
    </>
  );
}

/** Where something looked forged, in words. */
function Marks({ windows, all }: { windows: readonly TimelineSegment[]; all: readonly Readings[] }) {
  const marks = windows.flatMap(({ startS, faceCoverage }, index) => {
    const found = BANDS.filter((band) => (all[index]?.[band] ?? -1) > MARKED);
    return found.length > 0 ? [{ startS, faceCoverage, found }] : [];
  });
  if (marks.length === 0) return null;
  return (
    <p className="mt-3 text-sm text-quiet">
      <span className="font-medium text-ink">{WORDS.marks}: </span>
      {marks
        .slice(-6)
        .map(({ startS, found, faceCoverage }) => {
          const seen = faceCoverage < 0.9 ? `, face in ${formatPercent(faceCoverage)}` : "";
          return `${formatTimecode(startS, 0)} (${found.map((band) => NAMES[band].toLowerCase()).join(", ")}${seen})`;
        })
        .join(", ")}
    </p>
  );
}
