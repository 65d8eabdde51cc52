import type { Metadata } from "next";
import { Suspense } from "react";

import { AnalysisPage } from "@/analysis/AnalysisPage";
import { Loading } from "@/analysis/Notice";
import { earlyScript } from "@/lib/api/early";
import { Preparations } from "@/preparations/Preparations";

export const metadata: Metadata = { title: "Analysis" };

// Which analysis is known only in the browser: the exported page is the same for all.
export default function Page() {
  return (
    <>
      <script dangerouslySetInnerHTML={{ __html: earlyScript() }} />
      <Preparations />
      <Suspense fallback={<Loading />}>
        <AnalysisPage />
      </Suspense>
    </>
  );
}
