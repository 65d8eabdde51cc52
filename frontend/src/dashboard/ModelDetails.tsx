import Link from "next/link";
import type { AnalysisResult } from "@gen/notreally/v1/analysis_pb";

import { modelRows, timingRows, voiceRows } from "./modelFacts";
import { Rows } from "./Rows";
import { Section } from "./Section";

/** Which model judged, and how long everything took. */
export function ModelDetails({ result }: { result: AnalysisResult }) {
  const voice = result.model ? voiceRows(result.model) : [];
  return (
    <Section title="Model and timings">
      <div className={`panel grid gap-6 p-4 sm:p-5 ${voice.length > 0 ? "lg:grid-cols-3" : "lg:grid-cols-2"}`}>
        <div className="min-w-0">
          {result.model && <Rows title="Model" rows={modelRows(result.model)} />}
          <p className="mt-3 text-sm">
            <Link href="/model/" className="link">
              Model card
            </Link>
            <span className="text-quiet">: what it learned from, how it was tested, and where it fails</span>
          </p>
        </div>
        <Rows title="Model of the voice" rows={voice} />
        <Rows title="Time spent" rows={timingRows(result.timings)} />
      </div>
    </Section>
  );
}
