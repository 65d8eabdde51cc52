import { CircleAlert, CircleCheck, CircleDashed, CircleHelp, type LucideIcon } from "lucide-react";
import Link from "next/link";
import type { ReactNode } from "react";
import { type AnalysisResult, Verdict } from "@gen/notreally/v1/analysis_pb";

import { formatPercent } from "@/lib/format";

import type { FaceView } from "./faceView";
import { Gauge } from "./Gauge";
import { influences } from "./influence";
import { nextSteps } from "./nextSteps";
import { bandOf, type PartName } from "./part";
import { PartLines } from "./PartLines";
import { type PartView, partsOf, subjectOf } from "./parts";
import { givesVerdicts, hasScore, namesSide, type Tone, TONE_EDGE, TONE_TEXT, verdictWords } from "./verdict";
import { worthInWords } from "./worth";

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

/** The answer, the one number that goes with it, what it is worth, and what to do next. */
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
        className={`grid gap-x-12 gap-y-6 ${insufficient ? "" : "lg:grid-cols-[minmax(0,1fr)_22rem] lg:grid-rows-[auto_1fr]"}`}
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
        {/* On a phone the number comes before the reasons. */}
        {!insufficient && (
          <div className="min-w-0 lg:col-start-2 lg:row-span-2 lg:row-start-1 lg:border-l lg:border-line lg:pl-8">
            <Gauge
              probFake={subject.probFake ?? 0.5}
              model={result.model}
              part={subject.name}
              named={namesSide(verdict)}
            />
            <Worth verdict={verdict} result={result} part={subject.name} />
          </div>
        )}
        <div className="flex flex-col justify-between gap-6">
          <div className="grid gap-6">
            {/* Or the lines above have said it. */}
            {insufficient && <Insufficient reasons={face.headline && partsOf(result).length > 0 ? [] : subject.reasons} />}
            {scored && (
              <Listed
                title="What influenced it most"
                lines={influences(subject.name, result, face.contributions)}
              />
            )}
            <Listed title="What to do next" lines={nextSteps(verdict, subject.name)} />
          </div>
          {actions}
        </div>
      </div>
    </section>
  );
}

/** A few sentences under a heading of their own; nothing without any. */
function Listed({ title, lines }: { title: string; lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <div className="max-w-prose">
      <h2 className="font-semibold">{title}</h2>
      <ul className="mt-1.5 grid list-disc gap-1.5 pl-5 leading-snug text-quiet">
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </div>
  );
}

/** What the verdict above is about. */
function about(result: AnalysisResult, face: FaceView, { name }: PartView): string {
  if (name === "voice") return "Verdict on the voice";
  if (result.faces.length > 1) return `Verdict on face ${face.number} of ${result.faces.length}`;
  return partsOf(result).length > 0 ? "Verdict on the face" : "Verdict";
}

interface WorthProps {
  verdict: Verdict;
  result: AnalysisResult;
  part: PartName;
}

/** What such a verdict is worth, as far as the model says so itself. */
function Worth({ verdict, result: { model }, part }: WorthProps) {
  const prior = model?.priorFake ?? 0;
  return (
    <div className="mt-5 border-t border-line pt-4 text-sm">
      <h2 className="font-semibold">What this is worth</h2>
      <ul className="mt-1.5 grid gap-1.5 text-quiet">
        {worthInWords(verdict, model, part).map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
        {prior > 0 && prior < 1 && givesVerdicts(bandOf(model, part)) && (
          <li>
            {part === "voice"
              ? `The estimate assumes that ${formatPercent(prior)} of voices are synthesised to begin with.`
              : `The estimate assumes that ${formatPercent(prior)} of videos are fake to begin with.`}
          </li>
        )}
        <li>
          An estimate, not proof.{" "}
          <Link href="/model/" prefetch={false} className="link">
            How it was tested
          </Link>
        </li>
      </ul>
    </div>
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
      <p className="text-sm text-quiet">No number is given: it would only look like an answer.</p>
    </div>
  );
}
