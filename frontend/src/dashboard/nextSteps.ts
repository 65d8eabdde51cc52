/** What a reader can do next, by the verdict. */

import { Verdict } from "@gen/notreally/v1/analysis_pb";

import type { PartName } from "./part";

const FAKE = [
  "Keep the file as you received it, with its address, the account, the date and a screenshot.",
  "Download the result too: it holds the file's SHA-256, by which anyone can tell later that it is the same file.",
  "Look for the video it was made from: search for a still of it, or for a sentence that is spoken.",
  "Ask a second source before you publish or act on it.",
];

const REAL = [
  "A real face can still be in a false story: check when and where it was recorded, and whether it was cut.",
  "Check who published it first. If much depends on it, ask a second source.",
];

const UNCLEAR: Readonly<Record<PartName, readonly string[]>> = {
  face: [
    "Look for the original: an earlier, longer or sharper copy shows more, and says where it comes from.",
    "Try another part of it, with the face larger and in view for longer.",
    "Ask another source: the person shown, or somebody who was there.",
  ],
  voice: [
    "Look for the original: a longer or clearer recording, before it was forwarded or compressed again.",
    "Ask another source: call the person back on a number you know.",
  ],
};

const TOO_LITTLE: Readonly<Record<PartName, readonly string[]>> = {
  face: [
    "Use a longer or sharper copy: ten seconds or more of one face, large and seen from the front.",
    "Look for the original: copies that were forwarded are often smaller and shorter.",
  ],
  voice: [
    "Use a longer or clearer recording: ten seconds or more of one voice, with little noise or music.",
    "Look for the original: copies that were forwarded are often shorter and compressed more.",
  ],
};

export function nextSteps(verdict: Verdict, part: PartName): readonly string[] {
  switch (verdict) {
    case Verdict.LIKELY_FAKE:
      return FAKE;
    case Verdict.LIKELY_REAL:
      return REAL;
    case Verdict.INCONCLUSIVE:
      return UNCLEAR[part];
    case Verdict.INSUFFICIENT:
      return TOO_LITTLE[part];
    default:
      return [];
  }
}
