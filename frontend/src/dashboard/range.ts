/** Where values lie among those of real videos, on a strip. */

import { create } from "@bufbuild/protobuf";
import { type FeatureSummary, FeatureSummarySchema, type Model } from "@gen/notreally/v1/classifier_pb";
import { Modality } from "@gen/notreally/v1/features_pb";

import { VOICE_FEATURE } from "./features";

export type Place = "below" | "typical" | "above";

export interface Mark {
  place: Place;
  /** Share of the strip's length. */
  share: number;
}

export interface Strip {
  /** Shares of the strip's length: the typical range and the median. */
  low: number;
  middle: number;
  high: number;
  /** One for each value; one past an end is drawn at it. */
  marks: (Mark | undefined)[];
}

/** What the model knows of each feature among real videos, and of the voice network's readings among real voices. */
export function summariesOf(model: Model | undefined): readonly FeatureSummary[] {
  if (!model?.voice || model.voice.p95 <= model.voice.p05) return model?.features ?? [];
  const { p01, p05, p50, p95, p99, min, max } = model.voice;
  const range = { p01, p05, p50, p95, p99, min, max };
  const voice = create(FeatureSummarySchema, { feature: VOICE_FEATURE, modality: Modality.AUDIO, ...range });
  return [...model.features.filter(({ feature }) => feature !== VOICE_FEATURE), voice];
}

/** Of a feature among real videos, where the model knows it. */
export function usualRange(summaries: readonly FeatureSummary[], name: string): FeatureSummary | undefined {
  return summaries.find(({ feature }) => feature === name);
}

/** The strip shows this many widths of the typical range on both sides of it. */
const MARGIN = 0.5;
/** It stretches to a value outside as long as that takes at most this many widths. */
const STRETCH = 1.5;

export function strip(values: readonly number[], { p05, p50, p95 }: FeatureSummary): Strip {
  const width = p95 - p05 || Math.abs(p50) || 1;
  const from = Math.max(Math.min(p05 - MARGIN * width, ...values), p05 - STRETCH * width);
  const to = Math.min(Math.max(p95 + MARGIN * width, ...values), p95 + STRETCH * width);
  const share = (x: number) => Math.min(1, Math.max(0, (x - from) / (to - from)));
  return {
    low: share(p05),
    middle: share(p50),
    high: share(p95),
    marks: values.map((value) => ({
      place: value < p05 ? "below" : value > p95 ? "above" : "typical",
      share: share(value),
    })),
  };
}
