import { readFile } from "node:fs/promises";

import type { Metadata } from "next";

import { ModelCard } from "@/model/ModelCard";

export const metadata: Metadata = { title: "Model card" };

/** The card of the model that ships with this version, read when the page is built. */
export default async function Page() {
  return <ModelCard markdown={await readFile("../docs/model-card.md", "utf8")} />;
}
