import type { Analysis } from "@gen/notreally/v1/analysis_pb";
import Link from "next/link";
import type { ReactNode } from "react";

import { formatBytes, formatDateTime } from "@/lib/format";

interface NoticeProps {
  title: string;
  children: ReactNode;
  about?: Analysis;
  /** Said aloud when it appears by itself. */
  live?: boolean;
}

/** A page that has only one thing to say. */
export function Notice({ title, children, about, live = false }: NoticeProps) {
  return (
    <div role={live ? "status" : undefined} className="mx-auto max-w-2xl py-8 sm:py-12">
      {about && <About analysis={about} />}
      <h1 className="text-3xl font-semibold tracking-tight">{title}</h1>
      <p className="mt-3 text-lg text-quiet">{children}</p>
      <p className="mt-7 flex flex-wrap gap-3">
        <Link href="/" className="button button-primary">
          Analyse another file
        </Link>
        <Link href="/history/" className="button">
          To the history
        </Link>
      </p>
    </div>
  );
}

/** Which file it is about. */
export function About({ analysis }: { analysis: Analysis }) {
  const { filename, media, createTime } = analysis;
  const facts = [filename, media && formatBytes(media.sizeBytes), createTime && formatDateTime(createTime)];
  return <p className="mb-2 text-sm text-quiet">{facts.filter(Boolean).join(" · ")}</p>;
}

/** Holds the place until something is there: a whole screen, or what follows would be seen to jump. */
export function Loading() {
  return (
    <div role="status" className="flex min-h-dvh items-start justify-center pt-48 text-quiet">
      <span className="sr-only">Loading</span>
      <span aria-hidden className="size-8 animate-spin rounded-full border-2 border-line border-t-accent" />
    </div>
  );
}
