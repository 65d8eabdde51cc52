import { CircleAlert, CircleCheck, CircleDashed, CircleHelp, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { type AnalysisResult, Verdict } from "@gen/notreally/v1/analysis_pb";

import { formatNumber, formatPercent, formatProbability } from "@/lib/format";

import type { FaceView } from "./faceView";
import { Gauge } from "./Gauge";
import { givesVerdicts, hasScore, rankingInWords, type Tone, TONE_EDGE, TONE_TEXT, verdictWords } from "./verdict";

const ICONS: Readonly<Record<Tone, LucideIcon>> = {
  real: CircleCheck,
  fake: CircleAlert,
  inconclusive: CircleHelp,
  neutral: CircleDashed,
};

interface VerdictHeaderProps {
  result: AnalysisResult;
  face: FaceView;
  /** What can be done with the result. */
  actions: ReactNode;
}

/** The answer, how sure it is, and how far to trust it. */
export function VerdictHeader({ result, face, actions }: VerdictHeaderProps) {
  const { title, meaning, tone } = verdictWords(face.verdict, result.model);
  const Icon = ICONS[tone];
  const scored = hasScore({ verdict: face.verdict, model: result.model });
  const insufficient = face.verdict === Verdict.INSUFFICIENT;
  return (
    <section aria-labelledby="verdict" className={`panel border-l-4 p-5 sm:p-7 ${TONE_EDGE[tone]}`}>
      <div
        className={`grid gap-x-12 gap-y-5 ${insufficient ? "" : "lg:grid-cols-[minmax(0,1fr)_22rem] lg:grid-rows-[auto_1fr]"}`}
      >
        <div className="min-w-0">
          <p className="eyebrow">
            {result.faces.length > 1 ? `Verdict on face ${face.number} of ${result.faces.length}` : "Verdict"}
          </p>
          <h1
            id="verdict"
            className={`mt-1 flex items-center gap-3 text-3xl font-semibold tracking-tight sm:text-4xl ${TONE_TEXT[tone]}`}
          >
            <Icon className="size-8 shrink-0 sm:size-9" aria-hidden="true" />
            {title}
          </h1>
          <p className="mt-3 max-w-prose text-lg leading-snug">{meaning}</p>
        </div>
        {insufficient ? (
          <>
            <Insufficient face={face} />
            {actions}
          </>
        ) : (
          <>
            {/* On a phone the score comes before the words. */}
            <div className="min-w-0 lg:col-start-2 lg:row-span-2 lg:row-start-1 lg:border-l lg:border-line lg:pl-8">
              {scored ? <Score face={face} result={result} /> : <Unjudged face={face} result={result} />}
            </div>
            <div className="flex flex-col justify-between gap-6">
              <p className="max-w-prose leading-relaxed text-quiet">
                {face.headline
                  ? result.summary
                  : "The text, charts and timeline on this page are about the headline face."}
              </p>
              {actions}
            </div>
          </>
        )}
      </div>
    </section>
  );
}

function Score({ result, face }: { result: AnalysisResult; face: FaceView }) {
  return (
    <>
      <Gauge probFake={face.probFake} model={result.model} />
      <dl className="mt-5 grid grid-cols-2 gap-4 border-t border-line pt-4">
        <Fact label="Authenticity" value={formatNumber(100 * (1 - face.probFake))} unit="of 100" />
        <Fact label="Confidence" value={formatProbability(Math.max(face.probFake, 1 - face.probFake))} />
      </dl>
      <Trust result={result} />
    </>
  );
}

/** A model that was found unable to judge: its number is shown, for completeness. */
function Unjudged({ result, face }: { result: AnalysisResult; face: FaceView }) {
  return (
    <>
      <Gauge probFake={face.probFake} model={result.model} />
      <p className="mt-4 border-t border-line pt-4 text-sm text-quiet">
        Take the number as a hint at most: nowhere on its scale was this model right often enough to name a side.
      </p>
      <Trust result={result} />
    </>
  );
}

function Fact({ label, value, unit }: { label: string; value: string; unit?: string }) {
  return (
    <div>
      <dt className="text-sm text-quiet">{label}</dt>
      <dd className="text-xl font-semibold tabular-nums">
        {value}
        {unit && <span className="ml-1 text-sm font-normal text-quiet">{unit}</span>}
      </dd>
    </div>
  );
}

/** How far to trust the score, as far as the model says so itself. */
function Trust({ result }: { result: AnalysisResult }) {
  const ranking = rankingInWords(result.model);
  const prior = result.model?.priorFake ?? 0;
  return (
    <ul className="mt-4 grid gap-1.5 text-sm text-quiet">
      {ranking && <li>{ranking}</li>}
      {prior > 0 && prior < 1 && givesVerdicts(result.model) && (
        <li>The chance assumes that {formatPercent(prior)} of videos are fake beforehand.</li>
      )}
      <li>An estimate, not proof.</li>
    </ul>
  );
}

function Insufficient({ face }: { face: FaceView }) {
  return (
    <div>
      <ul className="grid max-w-prose list-disc gap-2 pl-5">
        {face.insufficiency.map(({ reason, text }) => (
          <li key={reason}>{text}</li>
        ))}
      </ul>
      <p className="mt-4 text-sm text-quiet">No score is given: a number here would only look like an answer.</p>
    </div>
  );
}
