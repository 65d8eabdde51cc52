"use client";

import type { Analysis } from "@gen/notreally/v1/analysis_pb";
import { Trash2 } from "lucide-react";
import Link from "next/link";
import { useEffect } from "react";

import { formatBytes, formatDateTime } from "@/lib/format";
import { analysisPage } from "@/lib/names";
import { useWatched } from "@/lib/session";
import { hasEnded } from "@/progress/progress";
import { isOver } from "@/progress/watcher";

import { VerdictChip } from "./VerdictChip";

interface HistoryListProps {
  analyses: readonly Analysis[];
  /** Names of those chosen for comparison. */
  chosen: readonly string[];
  onChoose: (name: string) => void;
  onDelete: (analysis: Analysis) => void;
  /** Called when one that was under way has ended. */
  onEnd: () => void;
}

export function HistoryList({ analyses, chosen, onChoose, onDelete, onEnd }: HistoryListProps) {
  return (
    <ul className="panel mt-6 divide-y divide-line">
      {analyses.map((analysis) => (
        <li key={analysis.name} className="grid grid-cols-[auto_1fr_auto] items-center gap-x-3 gap-y-2 px-3 py-2.5 sm:grid-cols-[auto_1fr_auto_auto] sm:px-4">
          <Choice analysis={analysis} checked={chosen.includes(analysis.name)} onChoose={onChoose} />
          <div className="min-w-0">
            <Link href={analysisPage(analysis.name)} prefetch={false} className="block truncate py-0.5 font-medium hover:underline">
              {analysis.filename}
            </Link>
            <p className="text-sm text-quiet">
              {analysis.createTime && formatDateTime(analysis.createTime)}
              {analysis.media && ` · ${formatBytes(analysis.media.sizeBytes)}`}
            </p>
          </div>
          <div className="col-start-2 row-start-2 sm:col-start-auto sm:row-start-auto">
            {hasEnded(analysis.state) ? <VerdictChip analysis={analysis} /> : <LiveChip analysis={analysis} onEnd={onEnd} />}
          </div>
          <button
            type="button"
            className="button button-plain w-10 p-0 text-quiet"
            aria-label={`Delete ${analysis.filename}`}
            title={`Delete ${analysis.filename}`}
            onClick={() => onDelete(analysis)}
          >
            <Trash2 aria-hidden size={18} />
          </button>
        </li>
      ))}
    </ul>
  );
}

function Choice({ analysis, checked, onChoose }: { analysis: Analysis; checked: boolean; onChoose: (name: string) => void }) {
  return (
    // The padding makes it large enough for a thumb.
    <label className="-m-2 p-3">
      <span className="sr-only">Compare {analysis.filename}</span>
      <input
        type="checkbox"
        className="size-4.5 accent-accent align-middle disabled:opacity-40"
        checked={checked}
        // Only results can be compared.
        disabled={!analysis.result}
        onChange={() => onChoose(analysis.name)}
      />
    </label>
  );
}

/** Of one under way: how far it is. */
function LiveChip({ analysis, onEnd }: { analysis: Analysis; onEnd: () => void }) {
  const watched = useWatched(analysis.name);
  const over = isOver(watched);
  useEffect(() => {
    if (over) onEnd();
  }, [over, onEnd]);
  const { state, percent } = watched.progress;
  return <VerdictChip analysis={{ state: state || analysis.state, percent: Math.max(percent, analysis.percent), result: undefined }} />;
}
