import { useId } from "react";
import type { Model } from "@gen/notreally/v1/classifier_pb";

import { formatPercent, formatProbability } from "@/lib/format";

import { bandOf, ESTIMATED_CHANCE, type PartName } from "./part";
import { givesVerdicts } from "./verdict";

interface GaugeProps {
  probFake: number;
  model: Model | undefined;
  /** What the chance is about. */
  part?: PartName;
  /** Whether a side is named; without a verdict the number is small. */
  named?: boolean;
}

/** The calibrated probability on a scale from real to fake, with the band in which no side is named. */
export function Gauge({ probFake, model, part = "face", named = true }: GaugeProps) {
  const band = bandOf(model, part);
  const low = band?.realBelow ?? 0;
  const high = band?.fakeAbove ?? 1;
  const judged = givesVerdicts(band);
  const highMarked = high < 0.92 && high - low > 0.08;
  return (
    <div>
      <p className="flex items-baseline gap-3">
        <span
          className={`font-semibold tracking-tight whitespace-nowrap tabular-nums ${judged && named ? "text-4xl" : "text-xl text-quiet"}`}
        >
          {formatProbability(probFake)}
        </span>
        <span className="text-sm text-quiet">{ESTIMATED_CHANCE[part]}</span>
      </p>
      <Scale share={probFake} low={low} high={high} judged={judged} />
      <div className="relative mt-1 h-5 text-xs text-quiet tabular-nums" aria-hidden="true">
        <span className="absolute left-0">0</span>
        {low > 0.08 && <Mark share={low} />}
        {highMarked && <Mark share={high} />}
        {/* Beside a mark further right than this, it would touch it. */}
        {!(highMarked && high > 0.8) && <span className="absolute right-0">{formatPercent(1)}</span>}
      </div>
      <p className="text-sm text-quiet">{bandInWords(low, high)}</p>
    </div>
  );
}

function Scale({ share, low, high, judged }: { share: number; low: number; high: number; judged: boolean }) {
  const band = useId();
  return (
    <div className="relative mt-3 pt-3" aria-hidden="true">
      <svg className="block h-4 w-full overflow-hidden rounded-full" preserveAspectRatio="none" viewBox="0 0 100 10">
        <defs>
          <pattern id={band} width="3" height="10" patternUnits="userSpaceOnUse" patternTransform="skewX(-25)">
            <rect width="3" height="10" className={judged ? "fill-inconclusive-soft" : "fill-neutral-soft"} />
            <rect width="1" height="10" className={judged ? "fill-inconclusive/35" : "fill-neutral/25"} />
          </pattern>
        </defs>
        <rect x="0" width={100 * low} height="10" className="fill-real/35" />
        <rect x={100 * low} width={100 * (high - low)} height="10" fill={`url(#${band})`} />
        <rect x={100 * high} width={100 * (1 - high)} height="10" className="fill-fake/35" />
      </svg>
      <div className="absolute top-0 bottom-0 -ml-[7px] w-[14px]" style={{ left: `${(100 * share).toFixed(2)}%` }}>
        <svg viewBox="0 0 14 10" className="block h-2.5 w-full fill-ink">
          <path d="M0 0h14L7 10z" />
        </svg>
        <div className="mx-auto h-[calc(100%-10px)] w-[3px] rounded-full bg-ink ring-2 ring-panel" />
      </div>
    </div>
  );
}

function Mark({ share }: { share: number }) {
  return (
    <span className="absolute -translate-x-1/2" style={{ left: `${(100 * share).toFixed(2)}%` }}>
      {formatPercent(share)}
    </span>
  );
}

function bandInWords(low: number, high: number): string {
  if (low <= 0 && high >= 1) return "This model gives no verdict anywhere on the scale.";
  if (low <= 0) return `Over ${formatPercent(high)}: likely fake. Otherwise: no verdict.`;
  if (high >= 1) return `Under ${formatPercent(low)}: likely real. Otherwise: no verdict.`;
  if (high - low < 0.005) return `Under ${formatPercent(low)}: likely real. Otherwise: likely fake.`;
  return `Under ${formatPercent(low)}: likely real. Over ${formatPercent(high)}: likely fake. In between: no verdict.`;
}
