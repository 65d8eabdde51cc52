/**
 * The ten features as people read them. gateway/features/definitions.py says the same; a test holds the two together by way of
 * docs/features.md and of a recorded summary.
 */

import { Modality, type FeatureVector } from "@gen/notreally/v1/features_pb";

import { formatNumber, formatSignificant } from "@/lib/format";

/** The fields of the vector, without its versions. */
export type FeatureField = Exclude<
  keyof FeatureVector,
  "schemaVersion" | "faceNetworks" | "voiceNetwork" | "$typeName" | "$unknown"
>;

export interface FeatureText {
  /** Field name in the contract. */
  name: string;
  /** The same in TypeScript. */
  field: FeatureField;
  /** A few words, as in the middle of a sentence. */
  label: string;
  /** Of the number in the vector. */
  unit: string;
  modality: Modality;
  /** What it tells, for a layperson. */
  sentence: string;
  /** From the number in the vector to the one people read. */
  shown: (value: number) => number;
  /** How that number is written. */
  written: (shown: number, locale?: string) => string;
  /** What it counts, for one and for many; empty for a bare number. */
  noun: readonly [one: string, many: string];
  /** The same beside a large number, where room is short. */
  shortUnit: string;
}

const same = (value: number) => value;
const percent = (value: number) => 100 * value;
// Log-odds as a share of a hundred.
const leaning = (value: number) => 100 / (1 + Math.exp(-Math.max(-50, Math.min(value, 50))));
const bits = (value: number) => 10 ** Math.min(value, 9);

const whole = (shown: number, locale?: string) => formatNumber(shown, 0, locale);
const twoDigits = (shown: number, locale?: string) => formatSignificant(shown, 2, locale);

const OF_EYE_DISTANCE = ["% of the distance between the eyes", "% of the distance between the eyes"] as const;
const OF_HUNDRED = ["of 100", "of 100"] as const;
const BARE = ["", ""] as const;

/** In the order of the vector. */
export const FEATURES: readonly FeatureText[] = [
  {
    name: "blink_rate_per_min",
    field: "blinkRatePerMin",
    label: "blinking",
    unit: "1/min",
    modality: Modality.FACE,
    sentence: "How often the eyes blink; some fakes hardly blink, or blink in odd bursts.",
    shown: same,
    written: whole,
    noun: ["time a minute", "times a minute"],
    shortUnit: "a minute",
  },
  {
    name: "nose_jitter",
    field: "noseJitter",
    label: "nose jitter",
    unit: "IOD",
    modality: Modality.FACE,
    sentence:
      "How much the tip of the nose jitters beyond steady head motion; a face put on frame by frame can jitter.",
    shown: percent,
    written: twoDigits,
    noun: OF_EYE_DISTANCE,
    shortUnit: "% of eye distance",
  },
  {
    name: "face_motion_log_odds",
    field: "faceMotionLogOdds",
    label: "movement of face and light",
    unit: "log-odds",
    modality: Modality.FACE,
    sentence:
      "The score of a network trained on forged faces, for how lids, lips, jaw and head move and how the light on them " +
      "changes: 0 looks filmed, 100 looks forged.",
    shown: leaning,
    written: whole,
    noun: OF_HUNDRED,
    shortUnit: "of 100",
  },
  {
    name: "face_appearance_log_odds",
    field: "faceAppearanceLogOdds",
    label: "appearance of the face",
    unit: "log-odds",
    modality: Modality.FACE,
    sentence:
      "The score of a large network trained on synthesised faces, for what this one looks like, colours and all: 0 " +
      "looks filmed, 100 looks synthesised.",
    shown: leaning,
    written: whole,
    noun: OF_HUNDRED,
    shortUnit: "of 100",
  },
  {
    name: "face_blending_log_odds",
    field: "faceBlendingLogOdds",
    label: "traces of blending",
    unit: "log-odds",
    modality: Modality.FACE,
    sentence:
      "The score of the same network for whether a face, or a part of it such as the mouth, was put into another " +
      "picture: 0 looks like one picture, 100 like two.",
    shown: leaning,
    written: whole,
    noun: OF_HUNDRED,
    shortUnit: "of 100",
  },
  {
    name: "voice_log_odds",
    field: "voiceLogOdds",
    label: "sound of the voice",
    unit: "log-odds",
    modality: Modality.AUDIO,
    sentence:
      "The score of a network trained on synthesised speech, for what the voice sounds like: 0 sounds recorded, 100 " +
      "sounds synthesised.",
    shown: leaning,
    written: whole,
    noun: OF_HUNDRED,
    shortUnit: "of 100",
  },
  {
    name: "mfcc_mean",
    field: "mfccMean",
    label: "average timbre of the sound",
    unit: "MFCC",
    modality: Modality.AUDIO,
    sentence: "The average colour of the voice; synthesised voices can be duller or brighter than recorded ones.",
    shown: same,
    written: twoDigits,
    noun: BARE,
    shortUnit: "MFCC",
  },
  {
    name: "mfcc_std",
    field: "mfccStd",
    label: "liveliness of the sound",
    unit: "MFCC",
    modality: Modality.AUDIO,
    sentence: "How much the colour of the voice varies; synthesised voices can be flatter.",
    shown: same,
    written: twoDigits,
    noun: BARE,
    shortUnit: "MFCC",
  },
  {
    name: "av_sync_corr",
    field: "avSyncCorr",
    label: "agreement of mouth and sound",
    unit: "correlation",
    modality: Modality.FACE_AND_AUDIO,
    sentence:
      "How well the opening of the mouth follows the loudness; foreign or generated speech can fall out of step.",
    shown: same,
    written: twoDigits,
    noun: BARE,
    shortUnit: "correlation",
  },
  {
    name: "log10_bits_per_pixel",
    field: "log10BitsPerPixel",
    label: "compression of the file",
    unit: "log10 bit",
    modality: Modality.METADATA,
    sentence:
      "How much data each pixel gets; no sign of anything by itself, but it sets what the other numbers can show.",
    shown: bits,
    written: twoDigits,
    noun: ["bit per pixel", "bits per pixel"],
    shortUnit: "bits per pixel",
  },
];

/** Has a score and a verdict of its own; the face's score does not depend on it. */
export const VOICE_FEATURE = "voice_log_odds";

/** Shapes what the other features can show, and is no sign of anything by itself. */
export const CONTEXT_FEATURE = "log10_bits_per_pixel";

export function featureNamed(name: string): FeatureText | undefined {
  return FEATURES.find((feature) => feature.name === name);
}

/** The number alone, such as "0.27" for a share of 0.0027. */
export function numberOf(feature: FeatureText, value: number, locale?: string): string {
  return feature.written(feature.shown(value), locale);
}

/** A value with its unit, such as "1 time a minute". */
export function inWords(feature: FeatureText, value: number, locale?: string): string {
  const number = numberOf(feature, value, locale);
  const noun = feature.noun[number === "1" ? 0 : 1];
  return noun.startsWith("%") ? `${number}${noun}` : `${number} ${noun}`.trim();
}

/** What follows the number in a line of its own size: a percent sign stands close to it. */
export function unitAfter({ shortUnit }: FeatureText): string {
  return shortUnit.startsWith("%") ? shortUnit : ` ${shortUnit}`;
}

/** As the beginning of a line: "Blinking". */
export function title(feature: FeatureText): string {
  return feature.label.charAt(0).toUpperCase() + feature.label.slice(1);
}

export const MODALITY_LABELS: Readonly<Record<Modality, string>> = {
  [Modality.UNSPECIFIED]: "Other",
  [Modality.FACE]: "Face",
  [Modality.AUDIO]: "Sound",
  [Modality.FACE_AND_AUDIO]: "Face and sound",
  [Modality.METADATA]: "File",
};
