"use client";

import { useSyncExternalStore } from "react";

import { apiAddress } from "@/lib/api/client";

const never = () => () => undefined;

/** How to do the same from a terminal, with the address this page calls. */
export function CurlExample() {
  const address = useSyncExternalStore(never, apiAddress, () => "http://localhost:52513");
  return (
    <pre
      tabIndex={0}
      aria-label="Example with curl"
      className="mt-3 overflow-x-auto rounded-lg border border-line bg-sunken p-4 font-mono text-sm"
    >
      {`curl -F file=@clip.mp4 ${address}/api/analyze
curl ${address}/api/results/JOB_ID`}
    </pre>
  );
}
