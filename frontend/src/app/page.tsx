import { Ear, FileSearch, ScanFace } from "lucide-react";
import Link from "next/link";

import { Verdict } from "@gen/notreally/v1/analysis_pb";

import { VERDICT_NAMES } from "@/dashboard/verdict";
import { Preparations } from "@/preparations/Preparations";
import { CurlExample } from "@/upload/CurlExample";
import { UploadPage } from "@/upload/UploadPage";

const LOOKS = [
  {
    Icon: ScanFace,
    title: "The face",
    text: "How it looks, how it moves, and whether it was put into the picture. The verdict on the face rests on this.",
  },
  { Icon: Ear, title: "The voice", text: "Whether it sounds recorded or synthesised. The verdict on the voice rests on this." },
  {
    Icon: FileSearch,
    title: "The file",
    text: "What it says about itself, and how strongly it is compressed. This is shown, not scored.",
  },
];

const VERDICTS = [
  {
    verdict: Verdict.LIKELY_FAKE,
    colour: "bg-fake",
    text: "The face or the voice is more like the fakes the model knows than like real ones.",
  },
  {
    verdict: Verdict.LIKELY_REAL,
    colour: "bg-real",
    text: "It is more like real ones. A model that is too often wrong about this in tests never says it.",
  },
  {
    verdict: Verdict.INCONCLUSIVE,
    colour: "bg-inconclusive",
    text: "The answer for most videos: we can’t tell. It means neither “real” nor “half fake”.",
  },
  {
    verdict: Verdict.INSUFFICIENT,
    colour: "bg-neutral",
    text: "Too little to go on: the face is too small, out of view or seen too briefly, and there is hardly any voice.",
  },
];

export default function AnalysePage() {
  return (
    <div className="mx-auto max-w-4xl">
      <h1 className="text-4xl font-semibold tracking-tight sm:text-5xl">Is this face real? Is this voice?</h1>
      <p className="mt-4 max-w-2xl text-lg text-quiet">
        Give it a video or a sound file. NotReally tells you whether the face and the voice in it are likely real or
        likely fake, and why; or that it can’t tell, which is often.
      </p>
      <Preparations />
      <div className="mt-8">
        <UploadPage />
      </div>

      <section aria-labelledby="how" className="mt-14">
        <h2 id="how" className="text-xl font-semibold tracking-tight">
          What it looks at
        </h2>
        <ul className="mt-5 grid gap-6 sm:grid-cols-3">
          {LOOKS.map(({ Icon, title, text }) => (
            <li key={title}>
              <Icon aria-hidden size={24} className="text-accent" />
              <h3 className="mt-2 font-medium">{title}</h3>
              <p className="mt-1 text-quiet">{text}</p>
            </li>
          ))}
        </ul>
        <p className="mt-5 max-w-2xl text-quiet">
          Ten measurements come out. A model weighs those that have proved to tell real from fake; the others are shown,
          not scored. Face and voice are judged apart, and the headline is the worse of the two verdicts. How often such
          verdicts are wrong is in the{" "}
          <Link href="/model/" prefetch={false} className="link">
            model card
          </Link>
          .
        </p>
      </section>

      <section aria-labelledby="answers" className="mt-12">
        <h2 id="answers" className="text-xl font-semibold tracking-tight">
          What the answer can be
        </h2>
        <dl className="mt-4 border-t border-line">
          {VERDICTS.map(({ verdict, colour, text }) => (
            <div key={verdict} className="grid gap-x-6 gap-y-0.5 border-b border-line py-3 sm:grid-cols-[11rem_1fr]">
              <dt className="flex items-center gap-2.5 font-medium">
                <span aria-hidden className={`size-2.5 rounded-full ${colour}`} />
                {VERDICT_NAMES[verdict]}
              </dt>
              <dd className="text-quiet">{text}</dd>
            </div>
          ))}
        </dl>
        <p className="mt-5 max-w-2xl text-quiet">
          Strong compression, unusual cameras and new kinds of fakes can mislead it: read the reasons, and look for other
          evidence before you act on a verdict.
        </p>
      </section>

      <section aria-labelledby="programs" className="mt-12">
        <h2 id="programs" className="text-xl font-semibold tracking-tight">
          From a program
        </h2>
        <p className="mt-2 max-w-2xl text-quiet">The same port speaks REST, gRPC and grpc-web; reflection is on.</p>
        <CurlExample />
      </section>
    </div>
  );
}
