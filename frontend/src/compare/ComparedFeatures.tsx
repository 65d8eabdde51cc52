import type { AnalysisResult } from "@gen/notreally/v1/analysis_pb";
import type { FeatureSummary } from "@gen/notreally/v1/classifier_pb";
import { Modality } from "@gen/notreally/v1/features_pb";

import { faceView } from "@/dashboard/faceView";
import { FEATURES, type FeatureText, numberOf, title, unitAfter } from "@/dashboard/features";
import { missingReason } from "@/dashboard/missing";
import { isSound } from "@/dashboard/part";
import { logOddsOf, pushOf } from "@/dashboard/push";
import { strip, summariesOf, usualRange } from "@/dashboard/range";
import { RangeStrip } from "@/dashboard/RangeStrip";
import { Section } from "@/dashboard/Section";
import { hasScore } from "@/dashboard/verdict";

import { difference } from "./difference";

interface Pair {
  a: AnalysisResult;
  b: AnalysisResult;
}

/** The ten measurements of both videos, row by row; of two sound files those that need no picture. */
export function ComparedFeatures({ a, b }: Pair) {
  const hasPicture = !isSound(a.metadata) || !isSound(b.metadata);
  return (
    <Section
      title="The measurements"
      about="The grey band covers nine in ten real videos, or voices; the dot is A, the square is B. Below each value: what it did to the chance for the face."
    >
      <div className="panel overflow-hidden">
        <table className="w-full text-left text-sm tabular-nums">
          <thead className="bg-sunken max-lg:sr-only">
            <tr>
              {["Measurement", "A", "B", "B less A", "Among real videos"].map((head) => (
                <th key={head} scope="col" className="px-4 py-2 font-semibold">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {FEATURES.filter(({ modality }) => hasPicture || modality === Modality.AUDIO).map((feature) => (
              <Row key={feature.name} feature={feature} a={a} b={b} />
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

function Row({ feature, a, b }: Pair & { feature: FeatureText }) {
  const values = [valueOf(a, feature), valueOf(b, feature)] as const;
  const usual = usualRange(summariesOf(a.model ?? b.model), feature.name);
  return (
    <tr className="border-t border-line align-top first:border-t-0 max-lg:grid max-lg:grid-cols-3 max-lg:gap-x-3 max-lg:gap-y-1.5 max-lg:p-4">
      <th scope="row" className="font-medium max-lg:col-span-3 lg:w-[24%] lg:px-4 lg:py-3">
        {title(feature)}
      </th>
      <Value name="A" feature={feature} result={a} />
      <Value name="B" feature={feature} result={b} />
      <td className="lg:w-[10%] lg:px-4 lg:py-3">
        <span className="block text-xs text-quiet lg:hidden">B less A</span>
        {difference(feature, ...values) ?? "–"}
      </td>
      <td className="max-lg:col-span-3 lg:w-[28%] lg:px-4 lg:py-3">
        {usual && <Usual feature={feature} usual={usual} values={values} />}
      </td>
    </tr>
  );
}

function Value({ name, feature, result }: { name: string; feature: FeatureText; result: AnalysisResult }) {
  const contribution = result.contributions.find((each) => each.feature === feature.name);
  const value = contribution?.value;
  return (
    <td className="min-w-0 lg:w-[19%] lg:px-4 lg:py-3">
      <span className="block text-xs text-quiet lg:hidden">{name}</span>
      {value === undefined ? (
        <span className="text-quiet">not measured: {missingReason(feature, result, contribution)}</span>
      ) : (
        <>
          <span className="font-semibold">{numberOf(feature, value)}</span>
          <span className="text-quiet">{unitAfter(feature)}</span>
        </>
      )}
      {hasScore({ verdict: faceView(result).verdict, model: result.model }) && contribution && contribution.contribution !== 0 && (
        <span
          className={`block text-xs ${colour(contribution.contribution)}`}
          title={logOddsOf(contribution.contribution)}
        >
          {pushOf(contribution.contribution).words.toLowerCase()}
        </span>
      )}
    </td>
  );
}

interface UsualProps {
  feature: FeatureText;
  usual: FeatureSummary;
  values: readonly (number | undefined)[];
}

function Usual({ feature, usual, values }: UsualProps) {
  const present = values.flatMap((value) => (value === undefined ? [] : [value]));
  // A mark keeps its shape when the other one is missing.
  const drawn = strip(present, usual);
  const marks = values.map((value) => (value === undefined ? undefined : drawn.marks[present.indexOf(value)]));
  return (
    <>
      <RangeStrip strip={{ ...drawn, marks }} />
      <p className="mt-0.5 text-xs text-quiet">
        {numberOf(feature, usual.p05)} to {numberOf(feature, usual.p95)} is usual
      </p>
    </>
  );
}

function valueOf(result: AnalysisResult, feature: FeatureText): number | undefined {
  return result.contributions.find((each) => each.feature === feature.name)?.value;
}

function colour(push: number): string {
  const { direction } = pushOf(push);
  return direction === "fake" ? "text-fake" : direction === "real" ? "text-real" : "text-quiet";
}
