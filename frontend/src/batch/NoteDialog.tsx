"use client";

import type { Analysis } from "@gen/notreally/v1/analysis_pb";
import { useEffect, useRef, useState } from "react";

/** As much as the server takes. */
const LONGEST = 2000;

interface NoteDialogProps {
  analysis: Analysis;
  /** Called with the note to keep, or with nothing when it stays as it was. */
  onClose: (note?: string) => void;
}

/** Takes a note on one analysis. */
export function NoteDialog({ analysis, onClose }: NoteDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [note, setNote] = useState(analysis.note);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="note-title"
      className="panel m-auto w-[min(32rem,calc(100vw-2rem))] p-6 text-ink backdrop:bg-black/50"
      onClose={() => onClose()}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <h2 id="note-title" className="text-xl font-semibold tracking-tight">
        Note on {analysis.filename}
      </h2>
      <textarea
        aria-labelledby="note-title"
        className="mt-4 min-h-32 w-full rounded-lg border border-line-strong bg-panel p-3"
        maxLength={LONGEST}
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
      <div className="mt-4 flex justify-end gap-3">
        <button type="button" className="button" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button type="button" className="button button-primary" onClick={() => onClose(note)}>
          Keep the note
        </button>
      </div>
    </dialog>
  );
}
