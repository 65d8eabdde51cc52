import type { AnalysisResult } from "@gen/notreally/v1/analysis_pb";

import type { FaceView } from "./faceView";
import { FeatureCard, MissingCard } from "./FeatureCard";
import { FEATURES } from "./features";
import { missingReason } from "./missing";
import { Section } from "./Section";
import { hasScore } from "./verdict";

/** The ten measurements of one face; those that could not be made last. */
export function FeatureCards({ result, face }: { result: AnalysisResult; face: FaceView }) {
  const largest = Math.max(0, ...face.contributions.map(({ contribution }) => Math.abs(contribution)));
  const quality = result.quality && { ...result.quality, faceCoverage: face.faceCoverage };
  const weighed = hasScore({ verdict: face.verdict, model: result.model });
  const all = FEATURES.map((feature) => ({
    feature,
    contribution: face.contributions.find((each) => each.feature === feature.name),
  }));
  const measured = all.filter(({ contribution }) => contribution?.value !== undefined);
  const missing = all.filter(({ contribution }) => contribution?.value === undefined);
  return (
    <Section title="What was measured" about={inWords(measured.length)}>
      <ul className="grid gap-3 md:grid-cols-2 xl:gap-4">
        {measured.map(({ feature, contribution }) => (
          <FeatureCard
            key={feature.name}
            feature={feature}
            contribution={contribution}
            usual={result.model?.features.find((each) => each.feature === feature.name)}
            weighed={weighed}
            largest={largest}
            outOfRange={result.outOfRange && (contribution?.outOfRange ?? false)}
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
                contribution={weighed ? contribution : undefined}
              />
            ))}
          </ul>
        </>
      )}
    </Section>
  );
}

function inWords(measured: number): string {
  if (measured === 0) return "None of the ten measurements could be made.";
  const count =
    measured === FEATURES.length
      ? "All ten measurements could be made."
      : `${measured} of the ten measurements could be made.`;
  return `${count} The grey band of each scale holds nine of ten real videos; the dot is this video.`;
}
