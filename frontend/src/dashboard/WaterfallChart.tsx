import type { AnalysisResult } from "@gen/notreally/v1/analysis_pb";

import { formatProbability } from "@/lib/format";

import type { FaceView } from "./faceView";
import { canMove } from "./influence";
import { MODALITY_DOT } from "./modality";
import { logOddsOf, pushOf } from "./push";
import { Section } from "./Section";
import { type Step, type StepGroup, type Waterfall, waterfall } from "./waterfall";

/** Label, bar and number; on a phone the bar has a line of its own. */
const COLUMNS = "grid grid-cols-[minmax(0,1fr)_auto] gap-x-3 sm:grid-cols-[minmax(0,15rem)_1fr_12.5rem]";

/** How the number came about: from where the model starts, measurement by measurement. Log-odds are in tooltips. */
export function WaterfallChart({ result, face }: { result: AnalysisResult; face: FaceView }) {
  const chart = waterfall(result.bias, face.contributions, (found) => canMove(found.feature, result.model, found));
  return (
    <Section
      title={result.voice ? "What influenced the face’s result" : "What influenced the result"}
      about="Each bar shows how far a measurement moved the estimate, to the left for real or to the right for fake. Nothing else moved it."
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
          <Row
            chart={chart}
            label="Where the model starts"
            from={0}
            to={chart.bias}
            value={chart.bias}
            says="Before measuring"
            kind="plain"
          />
          {chart.groups.map((group) => (
            <Group key={group.modality} chart={chart} group={group} />
          ))}
          <Row
            chart={chart}
            label="Estimated chance"
            from={0}
            to={chart.total}
            value={chart.total}
            says={formatProbability(face.probFake)}
            kind="total"
          />
        </ol>
        {result.voice && (
          <p className="mt-3 border-t border-line pt-3 text-sm text-quiet">
            How the voice sounds has no part in this: the voice is judged apart.
          </p>
        )}
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
  const value = step.to - step.from;
  return (
    <Row
      chart={chart}
      label={step.label}
      note={step.missing ? "missing" : undefined}
      from={step.from}
      to={step.to}
      value={value}
      says={pushOf(value).words}
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
  /** Log-odds. */
  value: number;
  /** The same in words. */
  says: string;
  kind: "plain" | "step" | "total";
}

function Row({ chart, label, note, from, to, value, says, kind }: RowProps) {
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
      <span className={`text-right tabular-nums ${kind === "total" ? "" : "text-quiet"}`} title={logOddsOf(value)}>
        {says}
      </span>
    </li>
  );
}
