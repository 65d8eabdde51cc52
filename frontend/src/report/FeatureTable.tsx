import type { AnalysisResult } from "@gen/notreally/v1/analysis_pb";
import { Modality } from "@gen/notreally/v1/features_pb";

import { faceView } from "@/dashboard/faceView";
import { FEATURES, numberOf, title, unitAfter, VOICE_FEATURE } from "@/dashboard/features";
import { canMove } from "@/dashboard/influence";
import { missingReason } from "@/dashboard/missing";
import { isSound } from "@/dashboard/part";
import { pushOf } from "@/dashboard/push";
import { summariesOf, usualRange } from "@/dashboard/range";
import { hasScore } from "@/dashboard/verdict";

/** The ten measurements as rows; of a sound file those that need no picture. */
export function FeatureTable({ result }: { result: AnalysisResult }) {
  const sound = isSound(result.metadata);
  const summaries = summariesOf(result.model);
  const scored = !sound && hasScore({ verdict: faceView(result).verdict, model: result.model });
  return (
    <table className="mt-3 w-full border-collapse text-left text-[8.5pt] tabular-nums">
      <thead>
        <tr className="border-b border-ink">
          <th scope="col" className="py-1 font-semibold">
            Measurement
          </th>
          <th scope="col" className="py-1 pl-3 font-semibold">
            This {sound ? "recording" : "video"}
          </th>
          <th scope="col" className="py-1 pl-3 font-semibold">
            Usual range
          </th>
          {scored && (
            <th scope="col" className="py-1 pl-3 text-right font-semibold">
              What it did
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {FEATURES.filter(({ modality }) => !sound || modality === Modality.AUDIO).map((feature) => {
          const contribution = result.contributions.find((each) => each.feature === feature.name);
          const usual = usualRange(summaries, feature.name);
          const value = contribution?.value;
          const push = contribution?.contribution ?? 0;
          return (
            <tr key={feature.name} className="border-b border-line align-top">
              <th scope="row" className="py-[3px] font-normal">
                {title(feature)}
              </th>
              <td className="py-[3px] pl-3">
                {value === undefined ? (
                  <span className="text-quiet">not measured: {missingReason(feature, result, contribution)}</span>
                ) : (
                  <>
                    <strong className="font-semibold">{numberOf(feature, value)}</strong>
                    {unitAfter(feature)}
                  </>
                )}
              </td>
              <td className="py-[3px] pl-3 whitespace-nowrap">
                {usual && `${numberOf(feature, usual.p05)} to ${numberOf(feature, usual.p95)}`}
              </td>
              {scored && (
                <td className="py-[3px] pl-3 text-right whitespace-nowrap text-quiet">
                  {feature.name === VOICE_FEATURE
                    ? "judged apart"
                    : canMove(feature.name, result.model, contribution)
                      ? pushOf(push).words.toLowerCase()
                      : "shown, not scored"}
                </td>
              )}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
