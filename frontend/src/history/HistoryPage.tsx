"use client";

import type { Analysis } from "@gen/notreally/v1/analysis_pb";
import Link from "next/link";
import { useRouter, useSearchParams } from "next/navigation";
import { useEffect, useRef, useState } from "react";

import { formatDateTime } from "@/lib/format";
import { comparePage } from "@/lib/names";

import { DeleteDialog } from "./DeleteDialog";
import { HistoryList } from "./HistoryList";
import { choose, currentToken, FILTERS, filterOf, FIRST_PAGE, newer, older, type Filter } from "./pages";
import { useHistory } from "./useHistory";

/** `/history/`: what was analysed on this server. */
export function HistoryPage() {
  const filter = filterOf(useSearchParams().get("show"));
  return (
    <div className="mx-auto max-w-5xl">
      <h1 className="text-3xl font-semibold tracking-tight">History</h1>
      <p className="mt-2 text-quiet">Everything that was analysed on this server, newest first.</p>
      <FilterLinks filter={filter} />
      <Pages key={filter.key} filter={filter} />
    </div>
  );
}

function FilterLinks({ filter }: { filter: Filter }) {
  return (
    <nav aria-label="Show" className="mt-6 flex flex-wrap gap-2">
      {FILTERS.map(({ key, label }) => (
        <Link
          key={key}
          href={key === "all" ? "/history/" : `/history/?show=${key}`}
          aria-current={key === filter.key ? "true" : undefined}
          prefetch={false}
          className={`button h-9 min-h-9 rounded-full ${key === filter.key ? "border-accent bg-accent-soft" : ""}`}
        >
          {label}
        </Link>
      ))}
    </nav>
  );
}

function Pages({ filter }: { filter: Filter }) {
  const [trail, setTrail] = useState(FIRST_PAGE);
  const { page, problem, again } = useHistory(filter, currentToken(trail));
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [deleting, setDeleting] = useState<Analysis>();
  const [removed, setRemoved] = useState<{ notice: string }>();
  const news = useRef<HTMLParagraphElement>(null);
  // The button that had the focus is gone. As long as the dialog is there, nothing else takes it.
  useEffect(() => {
    if (removed) news.current?.focus();
  }, [removed]);
  const closeDialog = (deleted?: Analysis) => {
    setDeleting(undefined);
    if (!deleted) return;
    setChosen((before) => before.filter((name) => name !== deleted.name));
    const when = formatDateTime(new Date());
    setRemoved({
      notice: `${deleted.filename} was removed on ${when}: the result, its measurements, and the file unless another analysis uses it.`,
    });
    // The last of a page takes the page with it.
    if (page?.analyses.length === 1) setTrail(newer);
    again();
  };
  return (
    <>
      <p ref={news} role="status" tabIndex={-1} className={removed ? "mt-5 rounded-lg bg-accent-soft px-4 py-3" : "sr-only"}>
        {removed?.notice}
      </p>
      {problem !== undefined && (
        <div role="alert" className="mt-8 flex flex-wrap items-center gap-4">
          <p>{problem}</p>
          <button type="button" className="button" onClick={again}>
            Try again
          </button>
        </div>
      )}
      {problem === undefined && !page && <Placeholder />}
      {page?.analyses.length === 0 && <Empty filter={filter} />}
      {page && page.analyses.length > 0 && (
        <>
          <HistoryList
            analyses={page.analyses}
            chosen={chosen}
            onChoose={(name) => setChosen((before) => choose(before, name))}
            onDelete={setDeleting}
            onEnd={again}
          />
          <div className="mt-6 flex flex-wrap items-center justify-between gap-4">
            <CompareButton chosen={chosen} />
            <div className="flex gap-2">
              <button type="button" className="button" disabled={trail.length === 1} onClick={() => setTrail(newer)}>
                Newer
              </button>
              <button
                type="button"
                className="button"
                disabled={page.nextToken === ""}
                onClick={() => setTrail((before) => older(before, page.nextToken))}
              >
                Older
              </button>
            </div>
          </div>
        </>
      )}
      {deleting && <DeleteDialog analysis={deleting} onClose={closeDialog} />}
    </>
  );
}

function CompareButton({ chosen }: { chosen: readonly string[] }) {
  const router = useRouter();
  const [one, other] = chosen;
  return (
    <div className="flex flex-wrap items-center gap-3">
      <button
        type="button"
        className="button button-primary"
        disabled={!one || !other}
        onClick={() => one && other && router.push(comparePage(one, other))}
      >
        Compare
      </button>
      <p className="text-sm text-quiet">
        {chosen.length === 2 ? "Two chosen." : chosen.length === 1 ? "Choose one more." : "Choose two to compare them."}
      </p>
    </div>
  );
}

function Empty({ filter }: { filter: Filter }) {
  return (
    <div className="panel mt-6 p-8 text-center">
      <p className="text-lg font-medium">{filter.key === "all" ? "Nothing has been analysed yet" : "None of these"}</p>
      <p className="mt-4">
        {filter.key === "all" ? (
          <Link href="/" className="button button-primary">
            Analyse a file
          </Link>
        ) : (
          <Link href="/history/" className="button">
            Show all
          </Link>
        )}
      </p>
    </div>
  );
}

/** Holds the place of the list, so that nothing jumps when it comes. */
function Placeholder() {
  return (
    <div role="status" className="mt-6 space-y-2">
      <span className="sr-only">Loading</span>
      {Array.from({ length: 5 }, (_, index) => (
        <div key={index} aria-hidden className="h-18 animate-pulse rounded-xl bg-sunken" />
      ))}
    </div>
  );
}
