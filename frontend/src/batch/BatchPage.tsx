"use client";

import type { Analysis } from "@gen/notreally/v1/analysis_pb";
import { AnalysisState, Verdict } from "@gen/notreally/v1/analysis_pb";
import type { Batch } from "@gen/notreally/v1/batch_pb";
import { useRouter, useSearchParams } from "next/navigation";
import { useState } from "react";

import { currentToken, FIRST_PAGE, newer, older } from "@/history/pages";
import { VERDICT_NAMES } from "@/dashboard/verdict";
import { batches } from "@/lib/api/batches";
import { api, apiAddress } from "@/lib/api/client";
import { failureOf } from "@/lib/api/errors";
import { formatCount, formatNumber, formatPercent } from "@/lib/format";
import { idOf } from "@/lib/names";
import { useTabTitle } from "@/lib/tabTitle";
import { Bar } from "@/progress/Bar";

import { BatchList } from "./BatchList";
import { BatchTable } from "./BatchTable";
import { type Choice, FILTERS, FIRST_CHOICE } from "./choice";
import { useBatch, useRows } from "./useBatch";

/** `/batch/`: all batches, or with an id one of them. */
export function BatchPage() {
  const id = useSearchParams().get("id");
  return <div className="mx-auto max-w-6xl">{id === null ? <BatchList /> : <One key={id} name={`batches/${id}`} />}</div>;
}

function One({ name }: { name: string }) {
  const [renewal, setRenewal] = useState(0);
  const { batch, ended, problem } = useBatch(name, renewal);
  const [choice, setChoice] = useState(FIRST_CHOICE);
  const [trail, setTrail] = useState(FIRST_PAGE);
  const rows = useRows(name, choice, currentToken(trail), ended === 0n ? "" : `${ended} ${renewal}`);
  const [trouble, setTrouble] = useState<string>();
  const choose = (next: Choice) => {
    setChoice(next);
    setTrail(FIRST_PAGE);
  };
  const annotate = (analysis: Analysis, changes: { reviewed?: boolean; note?: string }) => {
    api()
      .updateAnalysis({ analysis: { name: analysis.name, ...changes }, updateMask: { paths: Object.keys(changes) } })
      .then(rows.replace, (error: unknown) => setTrouble(failureOf(error).message));
  };
  if (problem !== undefined) return <p role="alert">{problem}</p>;
  const said = trouble ?? rows.problem;
  return (
    <>
      <Head name={name} batch={batch} onTrouble={setTrouble} onRenewed={() => setRenewal((count) => count + 1)} />
      <Controls choice={choice} onChoose={choose} />
      {said !== undefined && (
        <p role="alert" className="mt-4">
          {said}
        </p>
      )}
      {rows.analyses && <BatchTable analyses={rows.analyses} choice={choice} onChoose={choose} onAnnotate={annotate} />}
      {rows.analyses?.length === 0 && <p className="mt-4 text-quiet">There are no files here.</p>}
      <div className="mt-4 flex flex-wrap items-center justify-between gap-4 text-sm text-quiet">
        <p>
          Keys: <kbd>j</kbd> and <kbd>k</kbd> for the next and the previous file, <kbd>Enter</kbd> opens it, <kbd>r</kbd> marks it as
          reviewed, <kbd>n</kbd> writes a note.
        </p>
        <div className="flex gap-2">
          <button type="button" className="button" disabled={trail.length === 1} onClick={() => setTrail(newer)}>
            Back
          </button>
          <button
            type="button"
            className="button"
            disabled={rows.nextToken === ""}
            onClick={() => setTrail((before) => older(before, rows.nextToken))}
          >
            More
          </button>
        </div>
      </div>
    </>
  );
}

interface HeadProps {
  name: string;
  batch: Batch | undefined;
  onTrouble: (problem: string) => void;
  onRenewed: () => void;
}

function Head({ name, batch, onTrouble, onRenewed }: HeadProps) {
  const router = useRouter();
  useTabTitle(batch?.displayName);
  const call = (work: Promise<unknown>, then: () => void) => {
    work.then(then, (error: unknown) => onTrouble(failureOf(error).message));
  };
  const isOver = batch !== undefined && unended(batch) === 0;
  const download = (format: string) => `${apiAddress()}/api/batches/${idOf(name)}/export?format=${format}`;
  const remove = () => {
    if (!window.confirm("Delete this batch with all its results, and the files that nothing else uses?")) return;
    call(batches().deleteBatch({ name }, { timeoutMs: 0 }), () => router.push("/batch/"));
  };
  return (
    <>
      <div className="flex flex-wrap items-start justify-between gap-4">
        <h1 className="min-w-0 truncate text-3xl font-semibold tracking-tight">{batch?.displayName ?? "Batch"}</h1>
        <div className="flex flex-wrap gap-2">
          <a className="button" href={download("csv")} download={`${batch?.displayName ?? "batch"}.csv`}>
            CSV
          </a>
          <a className="button" href={download("jsonl")} download={`${batch?.displayName ?? "batch"}.jsonl`}>
            JSON Lines
          </a>
          {isOver ? (
            <button type="button" className="button" onClick={remove}>
              Delete
            </button>
          ) : (
            <button type="button" className="button" onClick={() => call(batches().cancelBatch({ name }, { timeoutMs: 0 }), onRenewed)}>
              Cancel
            </button>
          )}
        </div>
      </div>
      {batch && (
        <>
          <p className="mt-2 min-h-6 text-quiet" role="status">
            {summary(batch)}
          </p>
          {!isOver && (
            <div className="mt-3">
              <Bar fraction={batch.percent / 100} label="Progress of the batch" />
            </div>
          )}
          {batch.outdated > 0 && (
            <p className="mt-3 flex flex-wrap items-center gap-3 rounded-lg bg-accent-soft px-4 py-3">
              {formatCount(batch.outdated, "result was", "results were")} given by another model than the one now in use.
              <button type="button" className="button" onClick={() => call(batches().renewBatch({ name }, { timeoutMs: 0 }), onRenewed)}>
                Analyse again with the new model
              </button>
            </p>
          )}
        </>
      )}
    </>
  );
}

function unended(batch: Batch): number {
  const ended = batch.states.filter(({ state }) => state > AnalysisState.RUNNING).reduce((sum, { count }) => sum + count, 0);
  return Math.max(batch.total, batch.expected) - ended;
}

const VERDICTS = [Verdict.LIKELY_FAKE, Verdict.LIKELY_REAL, Verdict.INCONCLUSIVE, Verdict.INSUFFICIENT] as const;

/** "212 of 500 files, 42%: 12 likely fake, 195 inconclusive, 1 failed". */
function summary(batch: Batch): string {
  const all = Math.max(batch.total, batch.expected);
  const left = unended(batch);
  const head = left === 0 ? formatCount(all, "file", "files") : `${formatNumber(all - left)} of ${formatCount(all, "file", "files")}, ${formatPercent(Math.floor(batch.percent) / 100)}`;
  const counts = VERDICTS.map((verdict) => [batch.verdicts.find((each) => each.verdict === verdict)?.count ?? 0, VERDICT_NAMES[verdict].toLowerCase()] as const);
  const lost = batch.states.filter(({ state }) => state === AnalysisState.FAILED || state === AnalysisState.CANCELLED);
  const failed = lost.reduce((sum, { count }) => sum + count, 0);
  const parts = [...counts, [failed, "failed or cancelled"] as const, [batch.reviewed, "reviewed"] as const];
  const said = parts.filter(([count]) => count > 0).map(([count, words]) => `${formatNumber(count)} ${words}`);
  return said.length > 0 ? `${head}: ${said.join(", ")}` : head;
}

function Controls({ choice, onChoose }: { choice: Choice; onChoose: (choice: Choice) => void }) {
  return (
    <div className="mt-6 flex flex-wrap items-center gap-2">
      {FILTERS.map(({ key, label }) => (
        <button
          key={key}
          type="button"
          aria-pressed={key === choice.filter}
          className={`button h-9 min-h-9 rounded-full ${key === choice.filter ? "border-accent bg-accent-soft" : ""}`}
          onClick={() => onChoose({ ...choice, filter: key })}
        >
          {label}
        </button>
      ))}
      <input
        type="search"
        aria-label="Search by file name"
        placeholder="Search by file name"
        maxLength={200}
        className="ml-auto h-10 w-56 rounded-lg border border-line-strong bg-panel px-3"
        value={choice.query}
        onChange={(event) => onChoose({ ...choice, query: event.target.value })}
      />
    </div>
  );
}
