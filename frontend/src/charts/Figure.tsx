"use client";

/** The frame of a chart: what it is, what it shows in words, the chart itself, and its numbers as a table. */

import { type ReactNode, useId, useState } from "react";

import { formatTimecode } from "@/lib/format";

import { useCursor } from "./playhead";

export interface Reading {
  label: string;
  /** A class that colours its mark, as in the chart. */
  mark: string;
  /** Its value at a time; a mark without values has none. */
  at?: (t: number) => string | null;
}

export interface Table {
  head: string[];
  rows: () => string[][];
}

interface FigureProps {
  /** Which of several videos this is. */
  of?: string;
  title: string;
  /** Leaves out what the chart is good for: the same chart above this one has said it. */
  brief?: boolean;
  /** What the chart is good for. */
  about: string;
  /** What it shows, for those who do not see it. */
  summary: string;
  readings: Reading[];
  table?: Table;
  children: ReactNode;
}

export function Figure({ of, brief = false, title, about, summary, readings, table, children }: FigureProps) {
  const heading = useId();
  return (
    <figure aria-labelledby={heading} className="min-w-0">
      <figcaption>
        <h3 id={heading} className="font-semibold">
          {of && <span className="mr-2 rounded-md bg-sunken px-2 py-0.5 text-sm">{of}</span>}
          {title}
        </h3>
        {!brief && <p className="mt-0.5 max-w-prose text-sm text-quiet">{about}</p>}
        <p className="sr-only">{summary}</p>
      </figcaption>
      <Readout readings={readings} />
      {children}
      {table && <Numbers of={of ? `${of}: ${title}` : title} table={table} />}
    </figure>
  );
}

/** The key of the chart, which turns into its values where the reader points. */
function Readout({ readings }: { readings: Reading[] }) {
  const cursor = useCursor();
  return (
    // One line, whatever it says: what appears under the pointer must not move anything.
    <p
      className="mt-2 flex gap-x-4 overflow-hidden text-xs whitespace-nowrap text-quiet tabular-nums"
      aria-hidden="true"
    >
      {readings.map(({ label, mark, at }) => (
        <span key={label} className="inline-flex items-center gap-1.5">
          <span className={`inline-block h-0.5 w-3.5 rounded-full ${mark}`} />
          {label}
          {at && cursor !== null && <span className="font-medium text-ink">{at(cursor) ?? "–"}</span>}
        </span>
      ))}
      {cursor !== null && <span className="ml-auto">{formatTimecode(cursor)}</span>}
    </p>
  );
}

function Numbers({ of, table }: { of: string; table: Table }) {
  const [open, setOpen] = useState(false);
  return (
    <details className="no-print mt-1 text-sm" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="inline-block cursor-pointer rounded py-1 text-quiet underline decoration-dotted underline-offset-4 hover:text-ink">
        Numbers<span className="sr-only"> of “{of}”</span> as a table
      </summary>
      {open && (
        <div
          className="mt-1 max-h-64 overflow-auto rounded-lg border border-line"
          tabIndex={0}
          role="region"
          aria-label={`Numbers of “${of}”`}
        >
          <table className="w-full text-right tabular-nums">
            <thead className="sticky top-0 bg-sunken">
              <tr>
                {table.head.map((cell) => (
                  <th key={cell} scope="col" className="px-3 py-1.5 font-medium first:text-left">
                    {cell}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {table.rows().map((row, index) => (
                <tr key={index} className="border-t border-line">
                  {row.map((cell, column) =>
                    column === 0 ? (
                      <th key={column} scope="row" className="px-3 py-1 text-left font-normal">
                        {cell}
                      </th>
                    ) : (
                      <td key={column} className="px-3 py-1">
                        {cell}
                      </td>
                    ),
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
