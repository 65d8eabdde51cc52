import type { Strip } from "./range";

/** How the values of two videos are told apart, in the order of the strip's marks. */
const MARKS = ["rounded-full border-panel bg-ink", "rounded-[3px] border-ink bg-panel"];

/** The typical range of real videos as a band, values as marks on it. */
export function RangeStrip({ strip }: { strip: Strip }) {
  const at = (share: number) => `${(100 * share).toFixed(2)}%`;
  return (
    <div className="relative h-4" aria-hidden="true">
      <div className="absolute inset-x-0 top-1/2 h-px bg-line-strong/60" />
      <div
        className="absolute top-1/2 h-2 -translate-y-1/2 rounded-full bg-line-strong/35"
        style={{ left: at(strip.low), width: at(strip.high - strip.low) }}
      />
      <div className="absolute top-1/2 h-2 w-px -translate-y-1/2 bg-line-strong" style={{ left: at(strip.middle) }} />
      {strip.marks.map(
        (mark, index) =>
          mark && (
            <div
              key={index}
              className={`absolute top-1/2 size-3.5 -translate-x-1/2 -translate-y-1/2 border-2 ${MARKS[index]}`}
              style={{ left: at(mark.share) }}
            />
          ),
      )}
    </div>
  );
}
