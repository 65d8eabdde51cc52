import type { Metadata } from "next";
import { Suspense } from "react";

import { Loading } from "@/analysis/Notice";
import { ComparePage } from "@/compare/ComparePage";

export const metadata: Metadata = { title: "Side by side" };

// Which analyses is known only in the browser: the exported page is the same for all.
export default function Page() {
  return (
    <Suspense fallback={<Loading />}>
      <ComparePage />
    </Suspense>
  );
}
