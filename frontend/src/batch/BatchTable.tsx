"use client";

import { AnalysisOrder, type Analysis, Verdict } from "@gen/notreally/v1/analysis_pb";
import { Check, MessageSquare } from "lucide-react";
import Link from "next/link";
import { type KeyboardEvent, useRef, useState } from "react";

import { VerdictChip } from "@/history/VerdictChip";
import { formatDuration, formatNumber, formatProbability } from "@/lib/format";
import { analysisPage } from "@/lib/names";

import { type Choice, sortedBy } from "./choice";
import { NoteDialog } from "./NoteDialog";
import { Thumb } from "./Thumb";

const COLUMNS: readonly { label: string; order: AnalysisOrder; className: string }[] = [
  { label: "File", order: AnalysisOrder.FILENAME, className: "text-left" },
  { label: "Verdict", order: AnalysisOrder.VERDICT, className: "text-left" },
  { label: "Chance", order: AnalysisOrder.CHANCE, className: "text-right" },
  { label: "People", order: AnalysisOrder.PEOPLE, className: "text-right max-sm:hidden" },
  { label: "Length", order: AnalysisOrder.LENGTH, className: "text-right max-sm:hidden" },
];

interface BatchTableProps {
  analyses: readonly Analysis[];
  choice: Choice;
  onChoose: (choice: Choice) => void;
  /** Changes `reviewed` or `note`. */
  onAnnotate: (analysis: Analysis, changes: { reviewed?: boolean; note?: string }) => void;
}

/** The files of a batch. With the keys: j and k go up and down, Enter opens, r marks as reviewed, n writes a note. */
export function BatchTable({ analyses, choice, onChoose, onAnnotate }: BatchTableProps) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [noting, setNoting] = useState<Analysis>();
  const go = (index: number) => {
    const row = body.current?.rows[Math.max(0, Math.min(index, analyses.length - 1))];
    row?.querySelector("a")?.focus();
  };
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = (event.target as HTMLElement).closest("tr");
    const index = row ? Array.from(body.current?.rows ?? []).indexOf(row) : -1;
    const analysis = analyses[index];
    if (event.key === "j" || event.key === "ArrowDown") go(index + 1);
    else if (event.key === "k" || event.key === "ArrowUp") go(index - 1);
    else if (event.key === "r" && analysis) onAnnotate(analysis, { reviewed: !analysis.reviewed });
    else if (event.key === "n" && analysis) setNoting(analysis);
    else return;
    event.preventDefault();
  };
  return (
    // The rows inside take the focus; keys are heard wherever it is among them.
    <div className="panel mt-4 overflow-x-auto" onKeyDown={press}>
      <table className="w-full text-sm">
        <caption className="sr-only">The files of this batch</caption>
        <thead className="border-b border-line text-quiet">
          <tr>
            <th scope="col" className="w-14">
              <span className="sr-only">Picture</span>
            </th>
            {COLUMNS.map(({ label, order, className }) => (
              <th
                key={label}
                scope="col"
                aria-sort={choice.order === order ? (choice.ascending ? "ascending" : "descending") : undefined}
                className={`px-2 py-1 font-medium ${className}`}
              >
                <button type="button" className="min-h-9 rounded px-1 hover:text-ink" onClick={() => onChoose(sortedBy(choice, order))}>
                  {label}
                  <span aria-hidden className="inline-block w-4">{choice.order === order ? (choice.ascending ? " ↑" : " ↓") : ""}</span>
                </button>
              </th>
            ))}
            <th scope="col" className="px-2 py-1 text-right font-medium">
              Reviewed
            </th>
          </tr>
        </thead>
        <tbody ref={body} className="divide-y divide-line">
          {analyses.map((analysis) => (
            <Row key={analysis.name} analysis={analysis} onAnnotate={onAnnotate} onNote={setNoting} />
          ))}
        </tbody>
      </table>
      {noting && (
        <NoteDialog
          analysis={noting}
          onClose={(note) => {
            setNoting(undefined);
            if (note !== undefined) onAnnotate(noting, { note });
          }}
        />
      )}
    </div>
  );
}

interface RowProps extends Pick<BatchTableProps, "onAnnotate"> {
  analysis: Analysis;
  onNote: (analysis: Analysis) => void;
}

function Row({ analysis, onAnnotate, onNote }: RowProps) {
  const { name, filename, result, reviewed, note, people, lengthS } = analysis;
  // Where there was too little to judge by, a number would say more than is known.
  const hasChance = result !== undefined && result.verdict !== Verdict.INSUFFICIENT;
  return (
    <tr className="focus-within:bg-accent-soft">
      <td className="py-1.5 pl-3">{result && <Thumb analysis={name} />}</td>
      <td className="max-w-64 px-2">
        <Link href={analysisPage(name)} prefetch={false} className="block truncate py-1.5 font-medium hover:underline">
          {filename}
        </Link>
        {note !== "" && <p className="truncate text-quiet">{note}</p>}
      </td>
      <td className="px-2">
        <VerdictChip analysis={analysis} />
      </td>
      <td className="px-2 text-right tabular-nums">{hasChance ? formatProbability(result.probFake) : ""}</td>
      <td className="px-2 text-right tabular-nums max-sm:hidden">{result ? formatNumber(people) : ""}</td>
      <td className="px-2 text-right tabular-nums max-sm:hidden">{result && lengthS > 0 ? formatDuration(lengthS) : ""}</td>
      <td className="px-2 text-right whitespace-nowrap">
        <button
          type="button"
          className="button button-plain size-9 p-0 text-quiet"
          aria-label={`Write a note on ${filename}`}
          onClick={() => onNote(analysis)}
        >
          <MessageSquare aria-hidden size={16} />
        </button>
        <button
          type="button"
          className={`button size-9 p-0 ${reviewed ? "border-accent bg-accent-soft" : "button-plain text-quiet"}`}
          aria-label={`${filename} was reviewed`}
          aria-pressed={reviewed}
          onClick={() => onAnnotate(analysis, { reviewed: !reviewed })}
        >
          <Check aria-hidden size={16} />
        </button>
      </td>
    </tr>
  );
}
