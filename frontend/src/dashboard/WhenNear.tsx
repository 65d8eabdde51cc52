"use client";

import { type ReactNode, useEffect, useRef, useState } from "react";

interface WhenNearProps {
  /** Tailwind class of the height that is kept free until then, so that nothing jumps. */
  height: string;
  children: ReactNode;
}

/** What is costly to draw, once it comes near the window. */
export function WhenNear({ height, children }: WhenNearProps) {
  const place = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(false);
  useEffect(() => {
    if (!place.current) return;
    const observer = new IntersectionObserver(
      (entries) => entries.some(({ isIntersecting }) => isIntersecting) && setNear(true),
      // Half a screen ahead of the reader.
      { rootMargin: "50% 0px" },
    );
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  return near ? children : <div ref={place} className={`animate-pulse rounded-xl bg-sunken ${height}`} aria-hidden="true" />;
}
