import type { AnalysisResult } from "@gen/notreally/v1/analysis_pb";

import { keepInMind } from "@/dashboard/Evidence";
import { evidenceFacts } from "@/dashboard/evidenceFacts";

/** What the verdict rests on, in a few lines. */
export function Evidence({ result }: { result: AnalysisResult }) {
  const facts = result.quality ? evidenceFacts(result.quality, result.metadata) : [];
  const notes = [...keepInMind(result), ...(result.metadata?.notes ?? []).map(({ text }) => text)];
  return (
    <div className="mt-3">
      <dl className="grid grid-cols-7 gap-3 text-[8.5pt]">
        {facts.map(({ label, value, limit }) => (
          <div key={label}>
            <dt className="text-quiet">{label}</dt>
            <dd className="font-semibold">{value}</dd>
            {limit && <dd className="text-inconclusive">{limit}</dd>}
          </div>
        ))}
      </dl>
      {notes.length > 0 && (
        <ul className="mt-2 list-disc pl-5 text-[8.5pt] text-quiet">
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
