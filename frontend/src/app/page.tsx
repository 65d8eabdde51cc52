import { Ear, FileSearch, ScanFace } from "lucide-react";
import Link from "next/link";

import { Preparations } from "@/preparations/Preparations";
import { CurlExample } from "@/upload/CurlExample";
import { UploadPage } from "@/upload/UploadPage";

const LOOKS = [
  { Icon: ScanFace, title: "The face", text: "How it blinks, moves and sits in the picture, frame by frame." },
  { Icon: Ear, title: "The sound", text: "Whether the voice sounds recorded or synthesised, and whether the mouth follows it." },
  { Icon: FileSearch, title: "The file", text: "What the container says about itself, and how strongly it is compressed." },
];

const VERDICTS = [
  { word: "Likely fake", colour: "bg-fake", text: "The face or the voice is like those of the fakes that the model was trained on." },
  { word: "Likely real", colour: "bg-real", text: "It is like those of real videos. A model that is not sure enough of it never says so." },
  { word: "Inconclusive", colour: "bg-inconclusive", text: "The answer for most videos: “cannot say”, not “half fake”. You see the score and the reasons." },
  { word: "Not enough", colour: "bg-neutral", text: "Too little to judge: a face too small, out of view or seen too briefly, and hardly any voice." },
];

export default function AnalysePage() {
  return (
    <div className="mx-auto max-w-4xl">
      <h1 className="text-4xl font-semibold tracking-tight sm:text-5xl">Is this face real? Is this voice?</h1>
      <p className="mt-4 max-w-2xl text-lg text-quiet">
        Give it a video or a sound file. NotReally tells you whether the face and the voice in it are likely real or
        likely fake, how sure that is, and why; or that it cannot tell, which is often.
      </p>
      <Preparations />
      <div className="mt-8">
        <UploadPage />
      </div>

      <section aria-labelledby="how" className="mt-14">
        <h2 id="how" className="text-xl font-semibold tracking-tight">
          It looks in three ways at once
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
          Ten numbers come out. A model weighs those that have proved to tell real from fake, and you see all of them,
          each with what it did to the verdict. Face and voice are judged apart, and the
          headline is the worse of the two verdicts. What that is worth is in the{" "}
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
          {VERDICTS.map(({ word, colour, text }) => (
            <div key={word} className="grid gap-x-6 gap-y-0.5 border-b border-line py-3 sm:grid-cols-[11rem_1fr]">
              <dt className="flex items-center gap-2.5 font-medium">
                <span aria-hidden className={`size-2.5 rounded-full ${colour}`} />
                {word}
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
