import type { AnalysisResult } from "@gen/notreally/v1/analysis_pb";
import type { FeatureContribution } from "@gen/notreally/v1/classifier_pb";
import { Modality } from "@gen/notreally/v1/features_pb";

import { formatCount, formatNumber } from "@/lib/format";

import type { FaceView } from "./faceView";
import { FeatureCard, MissingCard } from "./FeatureCard";
import { FEATURES, type FeatureText, VOICE_FEATURE } from "./features";
import { canMove } from "./influence";
import { missingReason } from "./missing";
import { isSound } from "./part";
import { summariesOf, usualRange } from "./range";
import { Section } from "./Section";
import { hasScore } from "./verdict";

/** The ten measurements of one face: those that a verdict rests on first, the others folded away. */
export function FeatureCards({ result, face }: { result: AnalysisResult; face: FaceView }) {
  const all = FEATURES.filter((feature) => isOf(result, feature)).map((feature) => ({
    feature,
    contribution: face.contributions.find((each) => each.feature === feature.name),
  }));
  const scoring = all.filter((one) => restsOn(result, face, one));
  const others = all.filter((one) => !scoring.includes(one));
  return (
    <Section title="What was measured" about={inWords(scoring.length, isSound(result.metadata))}>
      <Cards all={scoring} result={result} face={face} weighed />
      {others.length > 0 && (
        // Nothing to unfold where nothing counts.
        <details className="group mt-6" open={scoring.length === 0}>
          <summary className="inline-flex min-h-8 cursor-pointer items-center gap-2 font-semibold">
            Shown, not scored
            <span className="font-normal text-quiet">
              {formatCount(others.length, "measurement", "measurements")} to read; no verdict here rests on them
            </span>
          </summary>
          <div className="mt-3">
            <Cards all={others} result={result} face={face} weighed={false} />
          </div>
        </details>
      )}
    </Section>
  );
}

interface Measurement {
  feature: FeatureText;
  contribution: FeatureContribution | undefined;
}

/** Whether the face's verdict or the voice's rests on a measurement. */
function restsOn({ model, voice }: AnalysisResult, face: FaceView, { feature, contribution }: Measurement): boolean {
  if (feature.name === VOICE_FEATURE) {
    return voice !== undefined && hasScore({ verdict: voice.verdict, model }, "voice");
  }
  return hasScore({ verdict: face.verdict, model }) && canMove(feature.name, model, contribution);
}

interface CardsProps {
  all: readonly Measurement[];
  result: AnalysisResult;
  face: FaceView;
  weighed: boolean;
}

/** What could be measured, and then what could not. */
function Cards({ all, result, face, weighed }: CardsProps) {
  const largest = Math.max(0, ...face.contributions.map(({ contribution }) => Math.abs(contribution)));
  const quality = result.quality && { ...result.quality, faceCoverage: face.faceCoverage };
  const summaries = summariesOf(result.model);
  const measured = all.filter(({ contribution }) => contribution?.value !== undefined);
  const missing = all.filter(({ contribution }) => contribution?.value === undefined);
  return (
    <>
      <ul className="grid gap-3 empty:hidden md:grid-cols-2 xl:gap-4">
        {measured.map(({ feature, contribution }) => (
          <FeatureCard
            key={feature.name}
            feature={feature}
            contribution={contribution}
            usual={usualRange(summaries, feature.name)}
            weighed={weighed}
            largest={largest}
            outOfRange={weighed && isOutside(result, feature, contribution)}
          />
        ))}
      </ul>
      {missing.length > 0 && (
        <>
          <h3 className={`font-semibold ${measured.length > 0 ? "mt-6" : ""}`}>Not measured</h3>
          {missing.every(({ contribution }) => !weighed || !contribution?.contribution) && (
            <p className="text-sm text-quiet">
              {isSound(result.metadata)
                ? "Missing measurements don’t count for or against the recording."
                : "Missing measurements don’t count for or against the video."}
            </p>
          )}
          <ul className="mt-3 grid gap-3 md:grid-cols-2 xl:grid-cols-3">
            {missing.map(({ feature, contribution }) => (
              <MissingCard
                key={feature.name}
                feature={feature}
                reason={missingReason(feature, { quality, metadata: result.metadata }, contribution)}
                contribution={weighed && feature.name !== VOICE_FEATURE ? contribution : undefined}
              />
            ))}
          </ul>
        </>
      )}
    </>
  );
}

/** Whether there can be such a measurement in a result: a sound file has no picture, and an older result none of the voice. */
function isOf({ contributions, metadata }: AnalysisResult, { name, modality }: FeatureText): boolean {
  if (isSound(metadata)) return modality === Modality.AUDIO;
  return contributions.length === 0 || contributions.some(({ feature }) => feature === name);
}

function isOutside({ outOfRange, model }: AnalysisResult, { name }: FeatureText, found?: FeatureContribution): boolean {
  if (name !== VOICE_FEATURE) return outOfRange && (found?.outOfRange ?? false);
  const usual = usualRange(summariesOf(model), name);
  return usual !== undefined && found?.value !== undefined && (found.value < usual.min || found.value > usual.max);
}

function inWords(scoring: number, sound: boolean): string {
  const counted =
    scoring === 0
      ? "No verdict rests on these measurements."
      : scoring === 1
        ? "The verdict rests on one measurement."
        : `The verdict rests on ${formatNumber(scoring)} measurements.`;
  return sound
    ? `${counted} The grey band of each scale holds nine in ten real recordings; the dot is this one.`
    : `${counted} The grey band of each scale holds nine in ten real videos; the dot is this one.`;
}
