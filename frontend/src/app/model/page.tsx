import { readFile } from "node:fs/promises";

import type { Metadata } from "next";

import { ModelCard } from "@/model/ModelCard";
import { takeAlong } from "@/model/pictures";

const CARD = "../docs/model-card.md";
const VOICE_CARD = "../docs/voice-card.md";

export const metadata: Metadata = { title: "Model card" };

/** The cards of the model that ships with this version, of face and voice, read when the page is built. */
export default async function Page() {
  const voice = await readFile(VOICE_CARD, "utf8");
  return (
    <>
      <ModelCard markdown={await readFile(CARD, "utf8")} pictures={await takeAlong(CARD, "public")} />
      {/* A page has one heading of the first level. */}
      <ModelCard markdown={voice.replace(/^# /m, "## ")} pictures={{}} prefix="voice-" />
    </>
  );
}
