"use client";

/** Lines over time, drawn once by Recharts; what moves with the pointer lies above them. */

import { memo } from "react";
import {
  CartesianGrid,
  ComposedChart,
  Line,
  ReferenceArea,
  ReferenceLine,
  ResponsiveContainer,
  XAxis,
  YAxis,
} from "recharts";

import { LEFT, RIGHT, TOP } from "./geometry";
import type { Span, Trace } from "./series";

export interface LineSpec {
  trace: Trace;
  /** A CSS colour. */
  colour: string;
  domain: readonly [number, number];
  format: (value: number) => string;
  /** Drawn thinner and lighter, behind the others. */
  faint?: boolean;
}

export interface Band {
  from: number;
  to: number;
}

interface LinesProps {
  duration: number;
  height: number;
  /** On the left scale. */
  main: LineSpec;
  /** On the right scale. */
  second?: LineSpec;
  gaps?: readonly Span[];
  /** Upright marks. */
  marks?: readonly number[];
  /** A level to compare with, on the left scale. */
  level?: number;
  /** A range to compare with, on the left scale. */
  band?: Band;
}

const TICK = { fill: "var(--quiet)", fontSize: 11 };

export const Lines = memo(function Lines({
  duration,
  height,
  main,
  second,
  gaps = [],
  marks = [],
  level,
  band,
}: LinesProps) {
  return (
    <ResponsiveContainer width="100%" height={height} initialDimension={{ width: 600, height }}>
      <ComposedChart accessibilityLayer={false} margin={{ top: TOP, left: 0, bottom: 6, right: second ? 0 : RIGHT }}>
        <CartesianGrid yAxisId="main" stroke="var(--line)" vertical={false} />
        {/* Plot marks the times, under all charts alike. */}
        <XAxis
          dataKey="t"
          type="number"
          domain={[0, duration]}
          tick={false}
          height={1}
          stroke="var(--line-strong)"
          allowDataOverflow
        />
        <Scale id="main" spec={main} orientation="left" />
        {second && <Scale id="second" spec={second} orientation="right" />}
        {band && (
          <ReferenceArea
            yAxisId="main"
            y1={Math.max(band.from, main.domain[0])}
            y2={Math.min(band.to, main.domain[1])}
            fill="var(--accent-soft)"
            fillOpacity={0.8}
          />
        )}
        {gaps.map(({ start, end }) => (
          <ReferenceArea key={start} yAxisId="main" x1={start} x2={end} fill="var(--sunken)" fillOpacity={1} />
        ))}
        {level !== undefined && (
          <ReferenceLine yAxisId="main" y={level} stroke="var(--ink)" strokeDasharray="4 3" strokeOpacity={0.6} />
        )}
        {marks.map((t) => (
          <ReferenceLine key={t} yAxisId="main" x={t} stroke="var(--accent)" strokeWidth={2} strokeOpacity={0.55} />
        ))}
        {second && <TraceLine id="second" spec={second} />}
        <TraceLine id="main" spec={main} />
      </ComposedChart>
    </ResponsiveContainer>
  );
});

// Recharts 3 finds its parts by context: they may be components of ours.
function Scale({ id, spec, orientation }: { id: string; spec: LineSpec; orientation: "left" | "right" }) {
  return (
    <YAxis
      yAxisId={id}
      orientation={orientation}
      width={orientation === "left" ? LEFT : RIGHT}
      domain={[spec.domain[0], spec.domain[1]]}
      ticks={[spec.domain[0], (spec.domain[0] + spec.domain[1]) / 2, spec.domain[1]]}
      interval={0}
      tickFormatter={spec.format}
      tick={TICK}
      stroke="var(--line-strong)"
      axisLine={false}
      tickLine={false}
      allowDataOverflow
    />
  );
}

function TraceLine({ id, spec }: { id: string; spec: LineSpec }) {
  return (
    <Line
      yAxisId={id}
      data={spec.trace}
      dataKey="value"
      stroke={spec.colour}
      strokeWidth={spec.faint ? 1.25 : 1.75}
      strokeOpacity={spec.faint ? 0.75 : 1}
      dot={false}
      activeDot={false}
      isAnimationActive={false}
      type="linear"
    />
  );
}
