"use client";

/** Two results side by side: verdicts, measurements, charts on one clock. Load it lazily: it pulls Recharts in. */

import Link from "next/link";
import { useState } from "react";
import type { Analysis, AnalysisResult } from "@gen/notreally/v1/analysis_pb";

import { Playhead, PlayheadProvider } from "@/charts/playhead";
import { Gauge } from "@/dashboard/Gauge";
import { PartLines } from "@/dashboard/PartLines";
import { headlineOf } from "@/dashboard/part";
import { Section } from "@/dashboard/Section";
import { hasScore, namesSide, TONE_EDGE, TONE_TEXT, verdictWords } from "@/dashboard/verdict";
import { formatDateTime, formatDuration } from "@/lib/format";
import { analysisPage } from "@/lib/names";

import { ComparedCharts } from "./ComparedCharts";
import { ComparedFeatures } from "./ComparedFeatures";

/** An analysis that succeeded. */
export type Ended = Analysis & { result: AnalysisResult };

export default function Comparison({ a, b }: { a: Ended; b: Ended }) {
  const [playhead] = useState(() => new Playhead());
  const sameModel = a.result.model?.version === b.result.model?.version;
  return (
    <PlayheadProvider value={playhead}>
      <div className="grid gap-12">
        <div>
          <h1 className="text-3xl font-semibold tracking-tight">Side by side</h1>
          <div className="mt-5 grid gap-4 md:grid-cols-2">
            <Side name="A" analysis={a} />
            <Side name="B" analysis={b} />
          </div>
          {!sameModel && (
            <p className="mt-3 text-sm text-inconclusive">
              Two versions of the model judged these two: their scores cannot be compared with each other.
            </p>
          )}
        </div>
        <ComparedFeatures a={a.result} b={b.result} />
        <Section title="Over time" about="Pointing at one chart shows the same time in all of them.">
          <ComparedCharts a={a.result} b={b.result} />
        </Section>
      </div>
    </PlayheadProvider>
  );
}

function Side({ name, analysis }: { name: string; analysis: Ended }) {
  const { result, filename, createTime } = analysis;
  const part = headlineOf(result);
  const { title, meaning, tone } = verdictWords(result.verdict, result.model, part);
  const facts = [
    result.quality && formatDuration(result.quality.durationS),
    result.metadata?.video && `${result.metadata.video.width} × ${result.metadata.video.height}`,
    createTime && formatDateTime(createTime),
  ];
  return (
    <section aria-label={`${name}: ${filename}`} className={`panel min-w-0 border-l-4 p-5 ${TONE_EDGE[tone]}`}>
      <p className="flex items-baseline gap-2">
        <span className="rounded-md bg-sunken px-2 py-0.5 text-sm font-semibold">{name}</span>
        <Link href={analysisPage(analysis.name)} className="link min-w-0 font-medium">
          {filename}
        </Link>
      </p>
      <p className="mt-1 text-sm text-quiet">{facts.filter(Boolean).join(" · ")}</p>
      <h2 className={`mt-4 text-2xl font-semibold tracking-tight ${TONE_TEXT[tone]}`}>{title}</h2>
      <p className="mt-1 max-w-prose text-quiet">{meaning}</p>
      <PartLines result={result} />
      {hasScore(result, part) && (
        <div className="mt-4 border-t border-line pt-4">
          <Gauge probFake={result.probFake} model={result.model} part={part} named={namesSide(result.verdict)} />
        </div>
      )}
    </section>
  );
}
