import { Camera, MonitorUp, ShieldCheck } from "lucide-react";
import { useId, useState } from "react";

import type { LiveSession, LiveView } from "./session";
import { WORDS } from "./words";

/** What happens and what does not, said before the browser is asked for anything. */
export function Consent({ session, view }: { session: LiveSession; view: LiveView }) {
  const [keep, setKeep] = useState(false);
  const more = useId();
  const busy = view.phase === "starting";
  return (
    <>
      <p className="mt-3 text-lg text-quiet">{WORDS.lead}</p>
      <section aria-labelledby="before" className="panel mt-7 p-5 sm:p-6">
        <h2 id="before" className="flex items-center gap-2.5 font-semibold">
          <ShieldCheck aria-hidden className="size-5 text-accent" />
          {WORDS.privacyTitle}
        </h2>
        <ul className="mt-3 grid list-disc gap-2 pl-5 text-quiet marker:text-line-strong">
          {WORDS.privacy.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
        <label className="mt-5 flex items-start gap-3">
          <input
            type="checkbox"
            className="mt-1 size-4 accent-accent"
            checked={keep}
            aria-describedby={more}
            onChange={({ target }) => setKeep(target.checked)}
          />
          <span>
            <span className="font-medium">{WORDS.keep}</span>
            <span id={more} className="block text-sm text-quiet">
              {WORDS.keepMore}
            </span>
          </span>
        </label>
        <div className="mt-6 flex flex-wrap gap-3">
          <button
            type="button"
            className="button button-primary"
            disabled={busy}
            onClick={() => void session.start("camera", keep)}
          >
            <Camera aria-hidden size={18} />
            {busy ? WORDS.starting : WORDS.camera}
          </button>
          <button type="button" className="button" disabled={busy} onClick={() => void session.start("screen", keep)}>
            <MonitorUp aria-hidden size={18} />
            {WORDS.screen}
          </button>
        </div>
        <p className="mt-3 text-sm text-quiet">{WORDS.screenMore}</p>
        {view.trouble !== undefined && (
          <p role="alert" className="mt-4 rounded-lg bg-sunken px-4 py-3">
            {view.trouble}
          </p>
        )}
      </section>
    </>
  );
}
