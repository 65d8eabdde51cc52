import { formatTimecode } from "@/lib/format";

import { AXIS_HEIGHT, leftOf, timeTicks } from "./geometry";

/** Times under a plot; every second one only where there is room (the parent is the container). */
export function TimeAxis({ duration }: { duration: number }) {
  return (
    <div className="relative text-[11px] text-quiet tabular-nums" style={{ height: AXIS_HEIGHT }}>
      {timeTicks(duration).map((t, index) => (
        <span
          key={t}
          className={`absolute top-1 -translate-x-1/2 ${index % 2 === 1 ? "hidden @md:inline" : ""}`}
          style={{ left: leftOf(t, duration) }}
        >
          {formatTimecode(t, Number.isInteger(t) ? 0 : 1)}
        </span>
      ))}
    </div>
  );
}
