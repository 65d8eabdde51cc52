/** The result as a file for other programs. */

import { clone, toJson } from "@bufbuild/protobuf";
import { type Analysis, AnalysisSchema } from "@gen/notreally/v1/analysis_pb";

/** As in the contract, with its field names. Pictures and the series behind the plots are left out: they are large. */
export function analysisJson(analysis: Analysis): string {
  const copy = clone(AnalysisSchema, analysis);
  if (copy.result) {
    copy.result.series = undefined;
    for (const face of copy.result.faces) face.thumbnails = [];
  }
  return `${JSON.stringify(toJson(AnalysisSchema, copy, { useProtoFieldName: true }), null, 2)}\n`;
}

/** "clip.mp4" becomes "clip.notreally.json". */
export function jsonName(filename: string): string {
  const stem = filename.replace(/\.[^.]*$/, "");
  return `${stem || "analysis"}.notreally.json`;
}

export function saveAs(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken its own copy once the click is handled.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
