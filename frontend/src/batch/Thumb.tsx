"use client";

import { useEffect, useRef, useState } from "react";

import { Jpeg } from "@/dashboard/Jpeg";
import { api } from "@/lib/api/client";

const kept = new Map<string, Uint8Array | undefined>();
const MOST_KEPT = 500;

/** A picture of the face an analysis is about, fetched once it comes into view. */
export function Thumb({ analysis }: { analysis: string }) {
  const place = useRef<HTMLDivElement>(null);
  const [jpeg, setJpeg] = useState(kept.get(analysis));
  useEffect(() => {
    const element = place.current;
    if (!element || kept.has(analysis)) return;
    const stop = new AbortController();
    const observer = new IntersectionObserver(([entry]) => {
      if (!entry?.isIntersecting) return;
      observer.disconnect();
      api()
        .getAnalysis({ name: analysis, readMask: { paths: ["result.faces"] } }, { signal: stop.signal })
        .then(({ result }) => {
          const found = result?.faces[0]?.thumbnails[0]?.jpeg;
          if (kept.size >= MOST_KEPT) kept.clear();
          kept.set(analysis, found);
          setJpeg(found);
        })
        // It is a picture; the row stands without it.
        .catch(() => undefined);
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      stop.abort();
    };
  }, [analysis]);
  return (
    <div ref={place} className="size-10 overflow-hidden rounded bg-sunken">
      {jpeg && <Jpeg jpeg={jpeg} alt="" className="size-full object-cover" />}
    </div>
  );
}
