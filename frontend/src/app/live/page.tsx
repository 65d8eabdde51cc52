import type { Metadata } from "next";

import { LivePage } from "@/live/LivePage";

export const metadata: Metadata = { title: "Live" };

export default function Page() {
  return <LivePage />;
}
