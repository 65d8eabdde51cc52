/**
 * Answers of real runs on synthetic clips, cut down: few pictures, short numbers. What the networks say in them is made
 * up, and so are the clips of `fake_voice` and `sound`, which are `talking` otherwise. For tests only.
 */

import { readFileSync } from "node:fs";

import { fromJsonString } from "@bufbuild/protobuf";
import { type Analysis, type AnalysisResult, AnalysisSchema } from "@gen/notreally/v1/analysis_pb";

export const NAMES = [
  "talking",
  "talking_default_model",
  "silent",
  "two_faces",
  "no_face",
  "short",
  "away",
  "long",
  "fake_voice",
  "sound",
] as const;

export type Name = (typeof NAMES)[number];

/** A fresh copy: tests may change it. */
export function recorded(name: Name): Analysis & { result: AnalysisResult } {
  const json = readFileSync(`src/dashboard/testdata/${name}.json`, "utf8");
  return fromJsonString(AnalysisSchema, json) as Analysis & { result: AnalysisResult };
}
