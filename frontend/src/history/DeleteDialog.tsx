"use client";

import type { Analysis } from "@gen/notreally/v1/analysis_pb";
import { useEffect, useRef, useState } from "react";

import { api } from "@/lib/api/client";
import { failureOf } from "@/lib/api/errors";

interface DeleteDialogProps {
  analysis: Analysis;
  /** Called with the analysis once it is gone, or with nothing when the reader thought better of it. */
  onClose: (deleted?: Analysis) => void;
}

/** Asks before anything is lost, and says what that is. */
export function DeleteDialog({ analysis, onClose }: DeleteDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const remove = async () => {
    setBusy(true);
    // Said anew, the same problem is read aloud anew.
    setProblem(undefined);
    try {
      await api().deleteAnalysis({ name: analysis.name });
      onClose(analysis);
    } catch (error) {
      const failure = failureOf(error);
      // Somebody else was faster.
      if (failure.reason === "ANALYSIS_NOT_FOUND") onClose(analysis);
      setProblem(failure.message);
      setBusy(false);
    }
  };
  return (
    <dialog
      ref={dialog}
      aria-labelledby="delete-title"
      className="panel m-auto w-[min(32rem,calc(100vw-2rem))] p-6 text-ink backdrop:bg-black/50"
      onClose={() => onClose()}
    >
      <h2 id="delete-title" className="text-xl font-semibold tracking-tight">
        Delete this analysis?
      </h2>
      <p className="mt-2 font-medium">{analysis.filename}</p>
      <p className="mt-2 text-quiet">
        This removes the result with everything that was measured, and the file itself unless another analysis still
        uses it. It cannot be taken back, and links to it stop working.
      </p>
      {problem !== undefined && (
        <p role="alert" className="mt-3">
          {problem}
        </p>
      )}
      <div className="mt-6 flex flex-wrap justify-end gap-3">
        {/* Closing it by its own means gives the focus back to where it was. */}
        <button type="button" className="button" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button type="button" className="button button-danger" disabled={busy} onClick={() => void remove()}>
          {busy ? "Deleting" : "Delete"}
        </button>
      </div>
    </dialog>
  );
}
