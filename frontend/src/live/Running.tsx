import { Pause, Play, RotateCcw, Square } from "lucide-react";

import { Picture } from "./Picture";
import type { LiveSession, LiveView } from "./session";
import { Strip } from "./Strip";
import { VerdictPanel } from "./VerdictPanel";
import { WORDS } from "./words";

/** A session under way, or just ended. */
export function Running({ session, view }: { session: LiveSession; view: LiveView }) {
  return (
    <div className="grid gap-6 lg:grid-cols-[minmax(0,7fr)_minmax(0,5fr)]">
      <div>
        <Picture view={view} />
        <Controls session={session} view={view} />
        <Said view={view} />
      </div>
      <VerdictPanel view={view} />
      <div className="lg:col-span-2">
        <Strip view={view} />
      </div>
    </div>
  );
}

function Controls({ session, view: { phase } }: { session: LiveSession; view: LiveView }) {
  return (
    <div className="mt-4 flex flex-wrap gap-3">
      {phase === "running" && (
        <button type="button" className="button" onClick={() => void session.pause()}>
          <Pause aria-hidden size={18} />
          {WORDS.pause}
        </button>
      )}
      {(phase === "paused" || phase === "interrupted") && (
        <button type="button" className="button button-primary" onClick={() => void session.goOn()}>
          <Play aria-hidden size={18} />
          {phase === "paused" ? WORDS.resume : WORDS.continue}
        </button>
      )}
      {phase === "ended" ? (
        <button type="button" className="button button-primary" onClick={() => session.reset()}>
          <RotateCcw aria-hidden size={18} />
          {WORDS.again}
        </button>
      ) : (
        <button type="button" className="button" disabled={phase === "ending"} onClick={() => void session.end()}>
          <Square aria-hidden size={18} />
          {phase === "ending" ? WORDS.ending : WORDS.stop}
        </button>
      )}
    </div>
  );
}

/** What the reader should know of the session itself; what of the picture is beside the verdict. */
function Said({ view: { phase, trouble, ending, dropped } }: { view: LiveView }) {
  const lines = [
    ending,
    phase === "paused" ? `${WORDS.paused} ${WORDS.pausedMore}` : undefined,
    trouble,
    dropped ? WORDS.dropped : undefined,
  ].filter((line) => line !== undefined);
  return (
    <div role="status" className="mt-3 grid gap-2 text-quiet">
      {lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </div>
  );
}
