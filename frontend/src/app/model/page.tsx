import { readFile } from "node:fs/promises";

import type { Metadata } from "next";

import { ModelCard } from "@/model/ModelCard";
import { takeAlong } from "@/model/pictures";

const CARD = "../docs/model-card.md";

export const metadata: Metadata = { title: "Model card" };

/** The card of the model that ships with this version, read when the page is built. */
export default async function Page() {
  return <ModelCard markdown={await readFile(CARD, "utf8")} pictures={await takeAlong(CARD, "public")} />;
}
