import type { Metadata } from "next";
import { Suspense } from "react";

import { Loading } from "@/analysis/Notice";
import { HistoryPage } from "@/history/HistoryPage";

export const metadata: Metadata = { title: "History" };

export default function Page() {
  return (
    <Suspense fallback={<Loading />}>
      <HistoryPage />
    </Suspense>
  );
}
