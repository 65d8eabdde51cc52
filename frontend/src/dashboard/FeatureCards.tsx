import type { AnalysisResult } from "@gen/notreally/v1/analysis_pb";
import type { FeatureContribution } from "@gen/notreally/v1/classifier_pb";
import { Modality } from "@gen/notreally/v1/features_pb";

import type { FaceView } from "./faceView";
import { FeatureCard, MissingCard } from "./FeatureCard";
import { FEATURES, type FeatureText, VOICE_FEATURE } from "./features";
import { missingReason } from "./missing";
import { isSound } from "./part";
import { summariesOf, usualRange } from "./range";
import { Section } from "./Section";
import { hasScore } from "./verdict";

/** The ten measurements of one face; those that could not be made last. */
export function FeatureCards({ result, face }: { result: AnalysisResult; face: FaceView }) {
  const largest = Math.max(0, ...face.contributions.map(({ contribution }) => Math.abs(contribution)));
  const quality = result.quality && { ...result.quality, faceCoverage: face.faceCoverage };
  const weighed = hasScore({ verdict: face.verdict, model: result.model });
  const summaries = summariesOf(result.model);
  const sound = isSound(result.metadata);
  const all = FEATURES.filter((feature) => isOf(result, feature)).map((feature) => ({
    feature,
    contribution: face.contributions.find((each) => each.feature === feature.name),
  }));
  const measured = all.filter(({ contribution }) => contribution?.value !== undefined);
  const missing = all.filter(({ contribution }) => contribution?.value === undefined);
  return (
    <Section title="What was measured" about={sound ? inWordsOfSound(measured.length, all.length) : inWords(measured.length, all.length)}>
      <ul className="grid gap-3 md:grid-cols-2 xl:gap-4">
        {measured.map(({ feature, contribution }) => (
          <FeatureCard
            key={feature.name}
            feature={feature}
            contribution={contribution}
            usual={usualRange(summaries, feature.name)}
            weighed={weighed}
            largest={largest}
            outOfRange={isOutside(result, feature, contribution)}
          />
        ))}
      </ul>
      {missing.length > 0 && (
        <>
          <h3 className="mt-6 font-semibold">Not measured</h3>
          <p className="text-sm text-quiet">Missing measurements say nothing either way.</p>
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
    </Section>
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

function inWords(measured: number, of: number): string {
  const all = of === FEATURES.length ? "ten" : String(of);
  if (measured === 0) return `None of the ${all} measurements could be made.`;
  const count =
    measured === of ? `All ${all} measurements could be made.` : `${measured} of the ${all} measurements could be made.`;
  return `${count} The grey band of each scale holds nine of ten real videos; the dot is this video.`;
}

function inWordsOfSound(measured: number, of: number): string {
  const others = `The other ${FEATURES.length - of} of the ten need a picture.`;
  if (measured === 0) return `None of the ${of} measurements of a voice could be made. ${others}`;
  const count = measured === of ? `All ${of}` : `${measured} of the ${of}`;
  return `${count} measurements of a voice could be made. ${others} The grey band of each scale holds nine of ten real voices, or videos; the dot is this recording.`;
}
