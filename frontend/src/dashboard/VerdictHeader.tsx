import { CircleAlert, CircleCheck, CircleDashed, CircleHelp, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { type AnalysisResult, Verdict } from "@gen/notreally/v1/analysis_pb";

import { formatNumber, formatPercent, formatProbability } from "@/lib/format";

import type { FaceView } from "./faceView";
import { Gauge } from "./Gauge";
import { bandOf, type PartName } from "./part";
import { PartLines } from "./PartLines";
import { type PartView, partsOf, subjectOf } from "./parts";
import { givesVerdicts, hasScore, rankingInWords, type Tone, TONE_EDGE, TONE_TEXT, verdictWords } from "./verdict";
import { voiceRankingInWords } from "./voice";

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
  const subject = subjectOf(result, face);
  const verdict = subject.verdict ?? Verdict.UNSPECIFIED;
  const { title, meaning, tone } = verdictWords(verdict, result.model, subject.name);
  const Icon = ICONS[tone];
  const scored = hasScore({ verdict, model: result.model }, subject.name);
  const insufficient = verdict === Verdict.INSUFFICIENT;
  return (
    <section aria-labelledby="verdict" className={`panel border-l-4 p-5 sm:p-7 ${TONE_EDGE[tone]}`}>
      <div
        className={`grid gap-x-12 gap-y-5 ${insufficient ? "" : "lg:grid-cols-[minmax(0,1fr)_22rem] lg:grid-rows-[auto_1fr]"}`}
      >
        <div className="min-w-0">
          <p className="eyebrow">{about(result, face, subject)}</p>
          <h1
            id="verdict"
            className={`mt-1 flex items-center gap-3 text-3xl font-semibold tracking-tight sm:text-4xl ${TONE_TEXT[tone]}`}
          >
            <Icon className="size-8 shrink-0 sm:size-9" aria-hidden="true" />
            {title}
          </h1>
          <p className="mt-3 max-w-prose text-lg leading-snug">{meaning}</p>
          {face.headline && <PartLines result={result} />}
        </div>
        {insufficient ? (
          <>
            {/* Or the lines above have said it. */}
            <Insufficient reasons={face.headline && partsOf(result).length > 0 ? [] : subject.reasons} />
            {actions}
          </>
        ) : (
          <>
            {/* On a phone the score comes before the words. */}
            <div className="min-w-0 lg:col-start-2 lg:row-span-2 lg:row-start-1 lg:border-l lg:border-line lg:pl-8">
              {scored ? <Score subject={subject} result={result} /> : <Unjudged subject={subject} result={result} />}
            </div>
            <div className="flex flex-col justify-between gap-6">
              <p className="max-w-prose leading-relaxed text-quiet">
                {face.headline
                  ? result.summary
                  : "The text, charts and timeline on this page are about the first face."}
              </p>
              {actions}
            </div>
          </>
        )}
      </div>
    </section>
  );
}

/** What the verdict above is about. */
function about(result: AnalysisResult, face: FaceView, { name }: PartView): string {
  if (name === "voice") return "Verdict on the voice";
  if (result.faces.length > 1) return `Verdict on face ${face.number} of ${result.faces.length}`;
  return partsOf(result).length > 0 ? "Verdict on the face" : "Verdict";
}

interface SubjectProps {
  result: AnalysisResult;
  subject: PartView;
}

function Score({ result, subject }: SubjectProps) {
  const probFake = subject.probFake ?? 0.5;
  return (
    <>
      <Gauge probFake={probFake} model={result.model} part={subject.name} />
      <dl className="mt-5 grid grid-cols-2 gap-4 border-t border-line pt-4">
        <Fact label="Authenticity" value={formatNumber(100 * (1 - probFake))} unit="of 100" />
        <Fact label="Confidence" value={formatProbability(Math.max(probFake, 1 - probFake))} />
      </dl>
      <Trust result={result} part={subject.name} />
    </>
  );
}

/** A model that was found unable to judge: its number is shown, for completeness. */
function Unjudged({ result, subject }: SubjectProps) {
  return (
    <>
      <Gauge probFake={subject.probFake ?? 0.5} model={result.model} part={subject.name} />
      <p className="mt-4 border-t border-line pt-4 text-sm text-quiet">
        Take the number as a hint at most: nowhere on its scale was this model right often enough to name a side.
      </p>
      <Trust result={result} part={subject.name} />
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
function Trust({ result, part }: { result: AnalysisResult; part: PartName }) {
  const ranking = part === "voice" ? voiceRankingInWords(result.model) : rankingInWords(result.model);
  const prior = result.model?.priorFake ?? 0;
  return (
    <ul className="mt-4 grid gap-1.5 text-sm text-quiet">
      {ranking && <li>{ranking}</li>}
      {prior > 0 && prior < 1 && givesVerdicts(bandOf(result.model, part)) && (
        <li>The chance assumes that {formatPercent(prior)} of {part === "voice" ? "voices are synthesised" : "videos are fake"} beforehand.</li>
      )}
      <li>An estimate, not proof.</li>
    </ul>
  );
}

function Insufficient({ reasons }: Pick<PartView, "reasons">) {
  return (
    <div>
      <ul className="mb-4 grid max-w-prose list-disc gap-2 pl-5 empty:hidden">
        {reasons.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
      <p className="text-sm text-quiet">No score is given: a number here would only look like an answer.</p>
    </div>
  );
}
