import type { AnalysisResult } from "@gen/notreally/v1/analysis_pb";

import { formatProbability } from "@/lib/format";

import type { FaceView } from "./faceView";
import { MODALITY_DOT } from "./modality";
import { pushOf, signed } from "./push";
import { Section } from "./Section";
import { type Step, type StepGroup, type Waterfall, waterfall } from "./waterfall";

/** Label, bar and number; on a phone the bar has a line of its own. */
const COLUMNS = "grid grid-cols-[minmax(0,1fr)_auto] gap-x-3 sm:grid-cols-[minmax(0,17rem)_1fr_3.5rem]";

/** How the score came about: from where the model starts, feature by feature, to its log-odds and the probability. */
export function WaterfallChart({ result, face }: { result: AnalysisResult; face: FaceView }) {
  const chart = waterfall(result.bias, face.contributions);
  return (
    <Section
      title={result.voice ? "What moved the face's score" : "What moved the score"}
      about="Every measurement pushes the score towards real or towards fake, in steps of log-odds; the steps add up to the model's answer."
    >
      <div className="panel p-4 sm:p-5">
        <div className={`mb-1 text-xs ${COLUMNS}`} aria-hidden="true">
          <span className="hidden sm:block" />
          <span className="col-span-2 flex justify-between sm:col-span-1">
            <span className="text-real">← real</span>
            <span className="text-fake">fake →</span>
          </span>
        </div>
        <ol className="grid">
          <Row chart={chart} label="Where the model starts" from={0} to={chart.bias} value={chart.bias} kind="plain" />
          {chart.groups.map((group) => (
            <Group key={group.modality} chart={chart} group={group} />
          ))}
          <Row chart={chart} label="Sum" from={0} to={chart.total} value={chart.total} kind="total" />
        </ol>
        <p className="mt-3 border-t border-line pt-3 text-sm text-quiet">
          Calibration, learned from videos the model had not seen, turns {signed(chart.total)} into a chance of{" "}
          <strong className="font-semibold text-ink">{formatProbability(face.probFake)}</strong> that the face is
          manipulated.
          {result.voice && " How the voice sounds has no part in this: the voice has a score of its own."}
        </p>
      </div>
    </Section>
  );
}

function Group({ chart, group }: { chart: Waterfall; group: StepGroup }) {
  return (
    <li className="mt-2">
      <p className="flex items-center gap-2 py-0.5 text-sm font-medium">
        <span className={`size-2 rounded-full ${MODALITY_DOT[group.modality]}`} aria-hidden="true" />
        {group.label}
        <span className="ml-auto text-quiet tabular-nums">
          <span className="sr-only">together </span>
          {signed(group.sum)}
        </span>
      </p>
      <ol>
        {group.steps.map((step) => (
          <StepRow key={step.key} chart={chart} step={step} />
        ))}
      </ol>
    </li>
  );
}

function StepRow({ chart, step }: { chart: Waterfall; step: Step }) {
  return (
    <Row
      chart={chart}
      label={step.label}
      note={step.missing ? "missing" : undefined}
      from={step.from}
      to={step.to}
      value={step.to - step.from}
      kind="step"
    />
  );
}

interface RowProps {
  chart: Waterfall;
  label: string;
  note?: string;
  from: number;
  to: number;
  value: number;
  kind: "plain" | "step" | "total";
}

function Row({ chart, label, note, from, to, value, kind }: RowProps) {
  const width = chart.greatest - chart.least || 1;
  const share = (x: number) => (100 * (x - chart.least)) / width;
  const [left, right] = [share(Math.min(from, to)), share(Math.max(from, to))];
  const colour = kind === "plain" || value === 0 ? "bg-neutral" : value > 0 ? "bg-fake" : "bg-real";
  return (
    <li
      className={`items-center py-0.5 text-sm ${COLUMNS} ${kind === "total" ? "mt-2 border-t border-line pt-2 font-semibold" : ""}`}
    >
      <span className={`leading-tight ${kind === "step" ? "pl-4 text-quiet" : ""}`}>
        {label}
        {note && <span className="ml-1.5 text-xs italic">{note}</span>}
      </span>
      <span className="relative order-last col-span-2 h-4 sm:order-none sm:col-span-1" aria-hidden="true">
        <span className="absolute inset-y-0 w-px bg-line-strong/50" style={{ left: `${share(0).toFixed(2)}%` }} />
        <span
          className={`absolute inset-y-0.5 min-w-[2px] rounded-[3px] ${colour} ${kind === "total" ? "" : "opacity-80"}`}
          style={{ left: `${left.toFixed(2)}%`, width: `${(right - left).toFixed(2)}%` }}
        />
      </span>
      <span className="text-right tabular-nums">
        {signed(value)}
        {kind === "step" && <span className="sr-only">: {pushOf(value).words.toLowerCase()}</span>}
      </span>
    </li>
  );
}
