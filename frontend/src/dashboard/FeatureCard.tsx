import { useId } from "react";
import type { FeatureContribution, FeatureSummary } from "@gen/notreally/v1/classifier_pb";

import { type FeatureText, inWords, MODALITY_LABELS, numberOf, title, VOICE_FEATURE } from "./features";
import { MODALITY_DOT } from "./modality";
import { logOddsOf, pushOf } from "./push";
import { type Place, strip } from "./range";
import { RangeStrip } from "./RangeStrip";

interface FeatureCardProps {
  feature: FeatureText;
  contribution?: FeatureContribution;
  /** Among real videos. */
  usual?: FeatureSummary;
  /** It is part of a score that means something. */
  weighed: boolean;
  /** Largest push of all features, log-odds. */
  largest: number;
  /** Outside what the model was trained on. */
  outOfRange: boolean;
}

const PLACES: Readonly<Record<Place, string>> = {
  below: "lower than in most",
  typical: "as in most",
  above: "higher than in most",
};

/** One measurement: what it is, what came out, what is usual, and what it did to the score. */
export function FeatureCard(props: FeatureCardProps) {
  const { feature, contribution, usual, weighed, largest, outOfRange } = props;
  const heading = useId();
  const value = contribution?.value;
  return (
    <li className="panel flex flex-col p-4 sm:p-5" aria-labelledby={heading}>
      <Heading id={heading} feature={feature} />
      {value !== undefined && <Measured feature={feature} value={value} usual={usual} outOfRange={outOfRange} weighed={weighed} />}
      <div className="mt-auto">
        {weighed &&
          (feature.name === VOICE_FEATURE ? (
            <p className="border-t border-line pt-3 text-sm">
              The voice’s verdict rests on this. It is no part of the face’s.
            </p>
          ) : (
            contribution && <PushBar contribution={contribution} largest={largest} />
          ))}
        <p className="mt-3 text-sm leading-snug text-quiet">{feature.sentence}</p>
      </div>
    </li>
  );
}

interface MissingCardProps {
  feature: FeatureText;
  /** After "because". */
  reason: string;
  /** Where the model draws its own conclusion from a value that is missing. */
  contribution?: FeatureContribution;
}

/** A measurement that could not be made, and why. */
export function MissingCard({ feature, reason, contribution }: MissingCardProps) {
  const heading = useId();
  const push = pushOf(contribution?.contribution ?? 0);
  return (
    <li className="rounded-xl border border-dashed border-line-strong/60 px-4 py-3" aria-labelledby={heading}>
      <Heading id={heading} feature={feature} below />
      <p className="mt-1 text-sm text-quiet">Because {reason}.</p>
      {push.direction !== "none" && (
        <p className="mt-1 text-sm">
          <span title={logOddsOf(push.contribution)}>Without it: {push.words.toLowerCase()}.</span>
        </p>
      )}
    </li>
  );
}

/** `below` where the cards have a heading of their own above them. */
function Heading({ id, feature, below = false }: { id: string; feature: FeatureText; below?: boolean }) {
  const Level = below ? "h4" : "h3";
  return (
    <div className="flex items-start justify-between gap-3">
      <Level id={id} className="leading-snug font-semibold text-pretty">
        {title(feature)}
      </Level>
      <span className="mt-0.5 inline-flex shrink-0 items-center gap-1.5 text-xs text-quiet">
        <span className={`size-2 rounded-full ${MODALITY_DOT[feature.modality]}`} aria-hidden="true" />
        {MODALITY_LABELS[feature.modality]}
      </span>
    </div>
  );
}

interface MeasuredProps {
  feature: FeatureText;
  value: number;
  usual?: FeatureSummary;
  outOfRange: boolean;
  weighed: boolean;
}

function Measured({ feature, value, usual, outOfRange, weighed }: MeasuredProps) {
  const drawn = usual && strip([value], usual);
  const place = drawn?.marks[0]?.place;
  const among = feature.name === VOICE_FEATURE ? "recorded voices" : "real videos";
  return (
    <div className="my-2">
      <p className="flex flex-wrap items-baseline gap-x-1.5" title={inWords(feature, value)}>
        <span className="text-2xl font-semibold tracking-tight tabular-nums">{numberOf(feature, value)}</span>
        <span className="text-sm text-quiet">{feature.shortUnit}</span>
        {weighed && place && place !== "typical" && (
          <span className="ml-auto text-sm font-medium">{place === "below" ? "unusually low" : "unusually high"}</span>
        )}
      </p>
      {usual && drawn && place && (
        <>
          <div className="mt-2">
            <RangeStrip strip={drawn} />
          </div>
          <p className="mt-1 text-sm text-quiet tabular-nums">
            Usual in {among}: {numberOf(feature, usual.p05)} to {numberOf(feature, usual.p95)}
            <span className="sr-only">; this is {PLACES[place]} {among}</span>
          </p>
        </>
      )}
      {outOfRange && (
        <p className="mt-1 text-sm font-medium text-inconclusive">
          Outside what the model was trained on: trust this less.
        </p>
      )}
    </div>
  );
}

/** To the left for real, to the right for fake. */
function PushBar({ contribution, largest }: { contribution: FeatureContribution; largest: number }) {
  const push = pushOf(contribution.contribution);
  const share = largest > 0 ? Math.abs(push.contribution) / largest : 0;
  return (
    <div className="border-t border-line pt-3">
      <div className="relative h-1.5 rounded-full bg-sunken" aria-hidden="true">
        <div
          className={`absolute h-full rounded-full ${push.contribution > 0 ? "left-1/2 bg-fake" : "right-1/2 bg-real"}`}
          style={{ width: `${(50 * share).toFixed(2)}%` }}
        />
        <div className="absolute left-1/2 h-3 w-px -translate-y-[3px] bg-line-strong" />
      </div>
      <p className="mt-1.5 text-sm" title={logOddsOf(push.contribution)}>
        {push.words}
      </p>
    </div>
  );
}
