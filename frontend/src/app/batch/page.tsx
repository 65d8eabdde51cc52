import type { Metadata } from "next";
import { Suspense } from "react";

import { Loading } from "@/analysis/Notice";
import { BatchPage } from "@/batch/BatchPage";

export const metadata: Metadata = { title: "Batch" };

export default function Page() {
  return (
    <Suspense fallback={<Loading />}>
      <BatchPage />
    </Suspense>
  );
}
