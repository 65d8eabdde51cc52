"use client";

/** The pictures that were scored, with what was found where. */

import { useId, useState } from "react";
import type { FeatureSummary } from "@gen/notreally/v1/classifier_pb";

import { usePlayhead } from "@/charts/playhead";
import { formatTimecode } from "@/lib/format";

import { heatInFewWords, heatInWords, heatOfHundred, heatScale, looksForged, type Moment, mostTelling, readingOf } from "./heat";
import { HeatOverlay } from "./HeatOverlay";
import { Jpeg } from "./Jpeg";
import { logOddsOf } from "./push";

interface MomentsProps {
  moments: readonly Moment[];
  /** Of the features among real videos. */
  summaries: readonly FeatureSummary[];
}

const SCORES = {
  appearance: "Looking synthesised",
  blending: "Being blended from two pictures",
} as const;

export function Moments({ moments, summaries }: MomentsProps) {
  const heading = useId();
  const [shown, setShown] = useState(true);
  const most = mostTelling(moments);
  if (!most) return null;
  const scale = heatScale(moments);
  const forged = moments.some(({ heat }) => looksForged(heat, summaries));
  return (
    <section aria-labelledby={heading}>
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
        <h3 id={heading} className="text-sm font-semibold">
          {forged ? "Moments that look most like a forgery" : "Moments that were scored"}
        </h3>
        <label className="inline-flex items-center gap-2 text-sm">
          <input
            type="checkbox"
            checked={shown}
            onChange={(event) => setShown(event.target.checked)}
            className="size-4 accent-accent"
          />
          Heat map
        </label>
      </div>
      <ul className="mt-2 grid grid-cols-[repeat(auto-fill,minmax(6.75rem,1fr))] gap-2">
        {moments.map((moment) => (
          <MomentCard
            key={moment.timeS}
            moment={moment}
            scale={scale}
            summaries={summaries}
            most={moment === most && moments.length > 1}
            heat={shown}
          />
        ))}
      </ul>
      <p className="mt-2 text-xs text-quiet">
        In every part of the video, the picture with the highest score, either for looking synthesised or for traces of
        blending: 0 of 100 looks filmed, 100 of 100 forged.{" "}
        {!forged && "None of them looks more like a forgery than real videos do. "}
        {shown && (
          <>
            <Swatch colour="bg-fake" /> raises the score, <Swatch colour="bg-real" /> lowers it; the stronger the
            colour, the more. Where the network looks is a hint, not a mark of what was changed.
          </>
        )}
      </p>
    </section>
  );
}

interface CardProps {
  moment: Moment;
  scale: number;
  summaries: readonly FeatureSummary[];
  /** The highest score of all. */
  most: boolean;
  heat: boolean;
}

function MomentCard({ moment, scale, summaries, most, heat }: CardProps) {
  const playhead = usePlayhead();
  return (
    <li>
      <button
        type="button"
        className={`block w-full overflow-hidden rounded-lg border text-left hover:border-ink ${most ? "border-line-strong" : "border-line"}`}
        onClick={() => playhead.seek(moment.timeS)}
      >
        <span className="relative block">
          <Jpeg
            jpeg={moment.jpeg}
            alt={`The face ${heatInWords(moment.heat, summaries)}`}
            className="aspect-square w-full bg-sunken object-cover"
          />
          {heat && <HeatOverlay heat={moment.heat} scale={scale} />}
        </span>
        <span className="flex justify-between gap-1 bg-panel px-1.5 py-0.5 text-xs tabular-nums">
          <span>
            <span className="sr-only">at </span>
            {formatTimecode(moment.timeS)}
          </span>
          <span className={`whitespace-nowrap ${most ? "font-semibold" : "text-quiet"}`} title={`${SCORES[readingOf(moment.heat)]}: ${logOddsOf(moment.heat.logOdds)}`}>
            <span className="sr-only">score </span>
            {heatOfHundred(moment.heat)}
          </span>
        </span>
        {/* Said at length by the picture's description. */}
        <span aria-hidden="true" className="block bg-panel px-1.5 pb-0.5 text-xs text-quiet">
          {heatInFewWords(moment.heat, summaries)}
        </span>
      </button>
    </li>
  );
}

function Swatch({ colour }: { colour: string }) {
  return (
    <>
      <span className={`inline-block size-2.5 translate-y-px rounded-sm ${colour}`} aria-hidden="true" />
      <span className="sr-only">{colour === "bg-fake" ? "Red" : "Blue"}</span>
    </>
  );
}
