import type { Analysis } from "@gen/notreally/v1/analysis_pb";
import type { MediaFacts } from "@gen/notreally/v1/metadata_pb";

import { fileRows, soundRows, videoRows } from "./fileFacts";
import { isSound } from "./part";
import { Rows } from "./Rows";
import { Section } from "./Section";

/** What the file says of itself, and what is odd about it. */
export function FileDetails({ facts, media }: { facts: MediaFacts; media: Analysis["media"] }) {
  const sound = soundRows(facts);
  return (
    <Section
      title="The file"
      about={`Facts like these tell how a file was made, not whether it is true.${isSound(facts) ? "" : " Only the data per pixel is part of the ten measurements."}`}
    >
      <div className="panel p-4 sm:p-5">
        <div className={`grid gap-6 ${isSound(facts) ? "lg:grid-cols-2" : "lg:grid-cols-3"}`}>
          <Rows title="Container" rows={fileRows(facts, media)} />
          <Rows title="Picture" rows={videoRows(facts)} />
          <Rows title="Sound" rows={sound.length > 0 ? sound : [["Sound", "none"]]} />
        </div>
        {facts.notes.length > 0 && (
          <div className="mt-5 border-t border-line pt-4">
            <h3 className="font-semibold">Worth knowing</h3>
            <ul className="mt-2 grid list-disc gap-1.5 pl-5 text-sm">
              {facts.notes.map(({ reason, text }) => (
                <li key={reason}>{text}</li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </Section>
  );
}
