import { Info } from "lucide-react";
import type { AnalysisResult } from "@gen/notreally/v1/analysis_pb";

import { evidenceFacts } from "./evidenceFacts";
import { FEATURES } from "./features";
import { isSound } from "./part";
import { Section } from "./Section";

/** What the verdict rests on, and what to keep in mind; `wide` where nothing stands beside it. */
export function Evidence({ result, wide = false }: { result: AnalysisResult; wide?: boolean }) {
  const notes = keepInMind(result);
  return (
    <Section
      title={isSound(result.metadata) ? "What we could hear" : "What we could see"}
      about={
        isSound(result.metadata)
          ? "The more there is of a clear voice, the better the measurement."
          : "More frames, a larger face and a clear voice make a better measurement."
      }
    >
      <div className="panel p-4 sm:p-5">
        {result.quality && (
          <dl className={wide ? "grid grid-cols-2 gap-x-6 gap-y-4 sm:grid-cols-4" : "grid gap-y-2.5"}>
            {evidenceFacts(result.quality, result.metadata).map(({ label, value, limit }) => (
              <div key={label} className={wide ? "" : "flex flex-wrap items-baseline justify-between gap-x-4"}>
                <dt className="text-quiet">{label}</dt>
                <dd className={`tabular-nums ${wide ? "" : "text-right"}`}>
                  <span className="font-medium">{value}</span>
                  {limit && <span className="block text-sm text-inconclusive">{limit}</span>}
                </dd>
              </div>
            ))}
          </dl>
        )}
        {notes.length > 0 && (
          <ul className="mt-4 grid gap-2 border-t border-line pt-4 text-sm">
            {notes.map((note) => (
              <li key={note} className="flex gap-2">
                <Info className="mt-0.5 size-4 shrink-0 text-inconclusive" aria-hidden="true" />
                {note}
              </li>
            ))}
          </ul>
        )}
      </div>
    </Section>
  );
}

/** The server's warnings, and values outside what the model knows. */
export function keepInMind(result: AnalysisResult): string[] {
  const notes = [...unseen(result), ...result.warnings.map(({ text }) => text)];
  if (!result.outOfRange) return notes;
  const outside = result.contributions
    .filter((each) => each.outOfRange && each.contribution !== 0) // 0: the model does not look at it
    .flatMap(({ feature }) => FEATURES.find(({ name }) => name === feature)?.label ?? []);
  const named = outside.length > 0 ? ` (${outside.join(", ")})` : "";
  return [...notes, `Some values lie outside what the model was trained on${named}: trust the score less.`];
}

/** What of a sound file could not be looked at. */
function unseen({ metadata }: AnalysisResult): string[] {
  if (!isSound(metadata)) return [];
  return ["A sound file has no picture: the face, how it moves, and whether the mouth follows the sound were not looked at."];
}
