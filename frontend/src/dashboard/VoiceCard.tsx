import { type AnalysisResult, Verdict } from "@gen/notreally/v1/analysis_pb";

import { stretchesOf, suspiciousSpans } from "@/charts/voice";
import { formatCount, formatDuration } from "@/lib/format";

import { Gauge } from "./Gauge";
import { bandOf, headlineOf } from "./part";
import { Section } from "./Section";
import { namesSide } from "./verdict";
import { voiceLimitsInWords } from "./voice";
import { worthInWords } from "./worth";

/** What was heard of the voice, what came out, and what that can and cannot tell. */
export function VoiceCard({ result }: { result: AnalysisResult }) {
  const { voice, model } = result;
  if (!voice) return null;
  const scored = voice.probFake !== undefined && voice.verdict !== Verdict.INSUFFICIENT;
  const band = bandOf(model, "voice");
  const isHeadline = headlineOf(result) === "voice";
  // Of the headline it stands beside the verdict.
  const worth = isHeadline ? [] : worthInWords(voice.verdict, model, "voice");
  return (
    <Section
      title="The voice"
      about="A network listens to stretches of a few seconds, which overlap. The average over all of them decides. The face has no part in it."
    >
      <div className="panel grid gap-x-10 gap-y-6 p-4 sm:p-5 lg:grid-cols-2">
        <div>
          {scored && !isHeadline && (
            <div className="mb-5">
              <Gauge probFake={voice.probFake ?? 0} model={model} part="voice" named={namesSide(voice.verdict)} />
            </div>
          )}
          <dl className="grid gap-y-2.5">
            {voiceFacts(result).map(([label, value]) => (
              <div key={label} className="flex flex-wrap items-baseline justify-between gap-x-4">
                <dt className="text-quiet">{label}</dt>
                <dd className="font-medium tabular-nums">{value}</dd>
              </div>
            ))}
          </dl>
        </div>
        <div>
          {voice.insufficiency.map(({ reason, text }) => (
            <p key={reason} className="mb-3 max-w-prose">
              {text}
            </p>
          ))}
          <h3 className="font-semibold">What this is worth</h3>
          <ul className="mt-2 grid max-w-prose list-disc gap-1.5 pl-5 text-sm text-quiet">
            {band && <li>{voiceLimitsInWords(band)}</li>}
            {worth.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
            <li>It hears how a voice sounds: not whose it is, and not whether the words were ever said.</li>
          </ul>
        </div>
      </div>
    </Section>
  );
}

/** How much of the voice was looked at, and what came out. */
export function voiceFacts({ voice }: AnalysisResult, locale?: string): [label: string, value: string][] {
  if (!voice) return [];
  const stretches = stretchesOf(voice);
  const found = suspiciousSpans(stretches).reduce((sum, { start, end }) => sum + end - start, 0);
  const facts: [string, string][] = [["Voice found", formatDuration(voice.voicedS, locale)]];
  if (stretches.length > 0) {
    const count = formatCount(stretches.length, "stretch", "stretches", locale);
    facts.push(["Scored", `${count}, ${formatDuration(voice.scoredS, locale)} in all`]);
    // Of too little voice that would look like an answer.
    if (voice.verdict !== Verdict.INSUFFICIENT) facts.push(["Stands out as synthesised", found > 0 ? formatDuration(found, locale) : "no single stretch"]);
  } else {
    facts.push(["Scored", "nothing"]);
  }
  return facts;
}
