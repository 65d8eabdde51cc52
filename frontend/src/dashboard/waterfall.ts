/** From the model's starting point to its log-odds, step by step: what a waterfall draws. */

import type { FeatureContribution } from "@gen/notreally/v1/classifier_pb";
import { Modality } from "@gen/notreally/v1/features_pb";

import { FEATURES, featureNamed, MODALITY_LABELS, title, VOICE_FEATURE } from "./features";

export interface Step {
  key: string;
  label: string;
  /** Log-odds before and after. */
  from: number;
  to: number;
  /** The value was not there, and the model drew its own conclusion from that. */
  missing: boolean;
}

export interface StepGroup {
  modality: Modality;
  label: string;
  /** What the steps add up to. */
  sum: number;
  steps: Step[];
}

export interface Waterfall {
  bias: number;
  groups: StepGroup[];
  /** Log-odds before calibration. */
  total: number;
  /** The least and greatest log-odds on the way, zero among them. */
  least: number;
  greatest: number;
}

const ORDER = [Modality.FACE, Modality.AUDIO, Modality.FACE_AND_AUDIO, Modality.METADATA];

/** `shows`: which of the features get a step; one that is left out must have moved nothing. */
export function waterfall(
  bias: number,
  contributions: readonly FeatureContribution[],
  shows: (contribution: FeatureContribution) => boolean = () => true,
): Waterfall {
  let at = bias;
  const passed = [0, bias];
  const groups: StepGroup[] = [];
  for (const modality of ORDER) {
    const before = at;
    const steps: Step[] = [];
    const step = ({ feature, contribution, value }: FeatureContribution, label: string) => {
      const from = at;
      at += contribution;
      passed.push(at);
      steps.push({ key: feature, label, from, to: at, missing: value === undefined });
    };
    for (const feature of FEATURES) {
      // The voice has a score of its own.
      if (feature.modality !== modality || feature.name === VOICE_FEATURE) continue;
      const found = contributions.find((each) => each.feature === feature.name);
      if (found && (shows(found) || found.contribution !== 0)) step(found, title(feature));
    }
    for (const other of contributions) {
      const isKnown = other.modality !== modality || featureNamed(other.feature) !== undefined;
      // Or an old result would not add up.
      if (!isKnown && other.contribution !== 0) step(other, "A measurement that is no longer made");
    }
    if (steps.length > 0) groups.push({ modality, label: MODALITY_LABELS[modality], sum: at - before, steps });
  }
  return { bias, groups, total: at, least: Math.min(...passed), greatest: Math.max(...passed) };
}
