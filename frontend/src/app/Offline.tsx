"use client";

import { useEffect } from "react";

/** Keeps a page for when the server cannot be reached: `public/offline.js`. Draws nothing. */
export function Offline() {
  useEffect(() => {
    // Only over TLS and on this machine; and never in the way of what the reader came for.
    const keep = () => void navigator.serviceWorker?.register("/offline.js").catch(() => undefined);
    if (document.readyState === "complete") return keep();
    window.addEventListener("load", keep, { once: true });
    return () => window.removeEventListener("load", keep);
  }, []);
  return null;
}
