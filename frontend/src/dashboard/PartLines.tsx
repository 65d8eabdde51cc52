import { AudioLines, ScanFace } from "lucide-react";
import { type AnalysisResult, Verdict } from "@gen/notreally/v1/analysis_pb";

import { formatProbability } from "@/lib/format";

import { ESTIMATED_CHANCE, headlineOf, type PartName } from "./part";
import { type PartView, partsOf } from "./parts";
import { TONE_TEXT, verdictWords } from "./verdict";

const LABELS: Readonly<Record<PartName, string>> = { face: "Face", voice: "Voice" };
const ICONS = { face: ScanFace, voice: AudioLines } as const;

/** The verdict on the face and the one on the voice, and which of them gives the headline. */
export function PartLines({ result }: { result: AnalysisResult }) {
  const parts = partsOf(result);
  if (parts.length === 0) return null;
  const headline = headlineOf(result);
  return (
    <dl className="mt-5 grid max-w-prose gap-2" aria-label="Face and voice">
      {parts.map((part) => (
        <PartLine key={part.name} part={part} result={result} isHeadline={part.name === headline} />
      ))}
    </dl>
  );
}

interface PartLineProps {
  part: PartView;
  result: AnalysisResult;
  isHeadline: boolean;
}

function PartLine({ part, result, isHeadline }: PartLineProps) {
  const Icon = ICONS[part.name];
  const { title, tone } = partInShort(part, result);
  const chance = chanceOf(part);
  return (
    <div
      className={`grid grid-cols-[5.5rem_minmax(0,1fr)] gap-x-3 rounded-lg border px-3.5 py-2.5 ${isHeadline ? "border-line-strong bg-sunken/60" : "border-line"}`}
    >
      <dt className="flex items-center gap-2 self-start font-medium">
        <Icon className="size-4.5 shrink-0 text-quiet" aria-hidden="true" />
        {LABELS[part.name]}
      </dt>
      <dd>
        <span className="flex flex-wrap items-baseline justify-between gap-x-4">
          <span className={`font-semibold ${TONE_TEXT[tone]}`}>{title}</span>
          {isHeadline && <span className="text-xs text-quiet">the verdict above</span>}
        </span>
        {chance && <span className="block text-sm text-quiet">{chance}</span>}
        {part.reasons.map((reason) => (
          <span key={reason} className="block text-sm text-quiet">
            {reason}
          </span>
        ))}
      </dd>
    </div>
  );
}

/** The verdict on a part in a word or two. */
export function partInShort({ name, verdict }: PartView, { model }: AnalysisResult) {
  if (verdict === undefined) return { title: "Not looked at", tone: "neutral" } as const;
  return verdictWords(verdict, model, name);
}

/** "17% estimated chance that the face is manipulated"; null where there is none to speak of. */
export function chanceOf({ name, verdict, probFake }: PartView): string | null {
  if (probFake === undefined || verdict === Verdict.INSUFFICIENT) return null;
  return `${formatProbability(probFake)} ${ESTIMATED_CHANCE[name]}`;
}
