"use client";

/** The surface of a chart over time: pointing shows a time everywhere, pressing goes there. */

import type { MouseEvent, ReactNode } from "react";

import { leftOf, timeUnder } from "./geometry";
import { useCursor, usePlayhead } from "./playhead";
import { TimeAxis } from "./TimeAxis";

interface PlotProps {
  duration: number;
  /** Pixels. */
  height: number;
  children: ReactNode;
}

/** What is inside is drawn for the eye; the chart says in words and in a table what it shows. */
export function Plot({ duration, height, children }: PlotProps) {
  const playhead = usePlayhead();
  const time = (event: MouseEvent<HTMLDivElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return timeUnder(event.clientX - left, width, duration);
  };
  return (
    <div aria-hidden="true" className="@container">
      <div
        className="relative cursor-crosshair touch-pan-y select-none"
        style={{ height }}
        onPointerMove={(event) => playhead.point(time(event))}
        onPointerLeave={() => playhead.point(null)}
        onPointerCancel={() => playhead.point(null)}
        onClick={(event) => playhead.seek(time(event))}
      >
        {children}
        <Crosshair duration={duration} />
      </div>
      <TimeAxis duration={duration} />
    </div>
  );
}

function Crosshair({ duration }: { duration: number }) {
  const cursor = useCursor();
  if (cursor === null || cursor > duration) return null;
  return (
    <div
      data-crosshair=""
      className="pointer-events-none absolute inset-y-0 w-px bg-ink/60"
      style={{ left: leftOf(cursor, duration) }}
    />
  );
}
