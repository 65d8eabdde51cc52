"use client";

/** The stretches of voice that were scored, over the chart of the sound and under it. */

import { formatNumber, formatTimecode } from "@/lib/format";

import { leftOf, widthOf } from "./geometry";
import { usePlayhead } from "./playhead";
import { fromTo, rows, type Stretch, suspiciousSpans } from "./voice";

const BAR = 7;
const PITCH = 10;
/** Above the first row and below the last. */
const MARGIN = 4;

/** Log-odds as a share of a hundred, as on the card of the measurement. */
export function ofHundred(logOdds: number): string {
  return `${formatNumber(100 / (1 + Math.exp(-logOdds)))} of 100`;
}

/** Pixels that the bars of all stretches need. */
export function barsHeight(stretches: readonly Stretch[]): number {
  return stretches.length === 0 ? 0 : 2 * MARGIN + PITCH * (1 + Math.max(...rows(stretches)));
}

interface MarksProps {
  stretches: readonly Stretch[];
  duration: number;
}

/** A bar for each stretch: hollow, or full where it sounds synthesised. Pressing one goes to its beginning. */
export function VoiceBars({ stretches, duration }: MarksProps) {
  const playhead = usePlayhead();
  const row = rows(stretches);
  return (
    <div className="relative" style={{ height: barsHeight(stretches) }}>
      {stretches.map(({ start, end, logOdds, suspicious }, index) => (
        <span
          key={index}
          data-stretch={suspicious ? "suspicious" : "scored"}
          title={`${formatTimecode(start)} to ${formatTimecode(end)}: ${ofHundred(logOdds)}`}
          className={`absolute min-w-1 cursor-pointer rounded-full border ${suspicious ? "border-fake bg-fake" : "border-audio bg-panel"}`}
          style={{
            left: leftOf(start, duration),
            width: widthOf(end - start, duration),
            top: MARGIN + PITCH * (row[index] ?? 0),
            height: BAR,
          }}
          onClick={(event) => {
            // Or the plot would go to where the pointer is.
            event.stopPropagation();
            playhead.seek(start);
          }}
        />
      ))}
    </div>
  );
}

/** What sounds synthesised, as high as the chart. */
export function VoiceShades({ stretches, duration }: MarksProps) {
  return suspiciousSpans(stretches).map(({ start, end }) => (
    <span
      key={start}
      data-shade=""
      className="pointer-events-none absolute inset-y-0 border-x-2 border-dashed border-fake/70 bg-fake/10"
      style={{ left: leftOf(start, duration), width: widthOf(end - start, duration) }}
    />
  ));
}

/** The same in words. */
export function VoiceFindings({ stretches, judged }: { stretches: readonly Stretch[]; judged: boolean }) {
  const playhead = usePlayhead();
  const spans = suspiciousSpans(stretches);
  return (
    <div className="mt-2 text-sm">
      <p className="flex flex-wrap gap-x-4 gap-y-1 text-xs text-quiet" aria-hidden="true">
        <Key bar="border-audio bg-panel">stretch of voice that was scored</Key>
        {spans.length > 0 && <Key bar="border-fake bg-fake">sounds synthesised</Key>}
      </p>
      {spans.length > 0 ? (
        <ul aria-label="What sounds synthesised" className="mt-2 grid gap-1">
          {spans.map((span) => (
            <li key={span.start}>
              <button type="button" className="link min-h-6 text-left" onClick={() => playhead.seek(span.start)}>
                {fromTo(span)}
              </button>{" "}
              the voice sounds synthesised.
            </li>
          ))}
        </ul>
      ) : (
        judged && <p className="mt-2 text-quiet">No single stretch stands out as synthesised.</p>
      )}
    </div>
  );
}

function Key({ bar, children }: { bar: string; children: string }) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <span className={`inline-block h-[7px] w-5 rounded-full border ${bar}`} />
      {children}
    </span>
  );
}
