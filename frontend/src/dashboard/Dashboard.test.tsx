import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { Part, ThumbnailSchema, Verdict } from "@gen/notreally/v1/analysis_pb";
import { FeatureSummarySchema } from "@gen/notreally/v1/classifier_pb";
import { Modality } from "@gen/notreally/v1/features_pb";
import { ContentCredentialsSchema, CredentialsState } from "@gen/notreally/v1/metadata_pb";
import { fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { refusal } from "@/testing/server";

import { Dashboard } from "./Dashboard";
import LiveCharts from "./LiveCharts";
import { type Name, recorded } from "./testdata/recorded";
import { Timeline } from "./Timeline";
import { type Download, VideoPanel } from "./VideoPanel";

const never = () => new Promise<Blob>(() => undefined);

type Recorded = ReturnType<typeof recorded>;

/** As an older server answered: of the face alone, and with a measurement that is no longer made. */
function ofOldServer({ result }: Recorded): void {
  Object.assign(result, { voice: undefined, headline: Part.UNSPECIFIED });
  for (const each of result.contributions) {
    if (each.feature !== "voice_log_odds") continue;
    Object.assign(each, { feature: "hf_face_ring_logratio", modality: Modality.FACE, contribution: 0.12 });
  }
  if (result.model) result.model.voice = undefined;
}

/** What a list of facts says of one of them. */
function factOf(list: HTMLElement, name: string): string | null | undefined {
  return within(list).getByText(name).closest("div")?.querySelector("dd")?.textContent;
}

/** The dashboard of an analysis, once all of it is drawn. */
async function show(name: Name, change?: (analysis: Recorded) => void) {
  const analysis = recorded(name);
  change?.(analysis);
  const { container } = render(<Dashboard analysis={analysis} download={never} />);
  await screen.findByRole("heading", { name: /^(Video|Recording) and charts$/ });
  await waitFor(() => expect(container.querySelector("[data-report]")).toBeTruthy());
  // The report for paper is in the page too, after what is on the screen.
  const [onScreen] = container.children;
  return within(onScreen as HTMLElement);
}

/** As the page has it first. */
function withoutRest({ result, ...analysis }: Recorded) {
  const faces = result.faces.map((face) => ({ ...face, thumbnails: [] }));
  return { ...analysis, result: { ...result, faces, series: undefined } };
}

/** A timeline that no network scored. */
function withoutReadings({ result }: Recorded): void {
  for (const segment of result.timeline) {
    delete segment.faceAppearanceLogOdds;
    delete segment.faceBlendingLogOdds;
    delete segment.faceMotionLogOdds;
    delete segment.voiceLogOdds;
  }
}

/** What the model knows of a feature among real videos. */
function usually({ result }: Recorded, feature: string, p95: number): void {
  if (!result.model) throw new Error();
  const others = result.model.features.filter((each) => each.feature !== feature);
  const usual = create(FeatureSummarySchema, { feature, p05: p95 - 2.5, p50: p95 - 1.5, p95 });
  result.model.features = [...others, usual];
}

/** Pictures that the appearance network scored, each for a feature. */
function withPictures({ result }: Recorded, ...pictures: [timeS: number, places: number[], feature: string][]): void {
  const [face] = result.faces;
  const jpeg = face?.thumbnails[0]?.jpeg ?? new Uint8Array();
  if (!face) throw new Error();
  face.thumbnails = pictures.map(([timeS, places, feature]) => {
    const heat = { side: 2, places, logOdds: places.reduce((a, b) => a + b) / 4, feature };
    return create(ThumbnailSchema, { timeS, jpeg, heat });
  });
}

/** Two pictures that the appearance network scored, and the first two spans of the timeline. */
function withAppearance(analysis: Recorded): void {
  withPictures(
    analysis,
    [2, [0, 12, 0, 0], "face_appearance_log_odds"],
    [1, [-1, -1, -1, -1], "face_appearance_log_odds"],
  );
  withoutReadings(analysis);
  const [first, second] = analysis.result.timeline;
  if (first) first.faceAppearanceLogOdds = -1;
  if (second) second.faceAppearanceLogOdds = 3;
  usually(analysis, "face_appearance_log_odds", 0.5);
}

/** The first two spans of the timeline as the same network scored them for blending. */
function withBlending(analysis: Recorded): void {
  const [first, second] = analysis.result.timeline;
  if (first) first.faceBlendingLogOdds = 3;
  if (second) second.faceBlendingLogOdds = 6;
  usually(analysis, "face_blending_log_odds", 4);
}

/** The first span of the timeline as a motion network scored it. */
function withMovement(analysis: Recorded): void {
  const [first] = analysis.result.timeline;
  if (first) first.faceMotionLogOdds = 2;
  usually(analysis, "face_motion_log_odds", 0.5);
}

/** Whoever is observed comes near at once, as on a large screen. */
class EverythingIsNear {
  constructor(private readonly tell: (entries: { isIntersecting: boolean }[]) => void) {}

  observe(): void {
    this.tell([{ isIntersecting: true }]);
  }

  unobserve(): void {}

  disconnect(): void {}
}

beforeEach(() => {
  vi.stubGlobal("IntersectionObserver", EverythingIsNear);
  vi.stubGlobal("URL", Object.assign(URL, { createObjectURL: () => "blob:x", revokeObjectURL: () => undefined }));
});

describe("the dashboard", () => {
  it("says first what the verdict is, how sure, and why", async () => {
    const page = await show("talking");
    expect(page.getByRole("heading", { level: 1 }).textContent).toBe("Likely real");
    expect(page.getAllByText(/^17\s?%$/)).not.toHaveLength(0);
    expect(page.getByText(/An estimate, not proof\./)).toBeTruthy();
    expect(page.getByRole("heading", { name: "What to do next" })).toBeTruthy();
    expect(page.getAllByRole("listitem", { name: /Nose jitter/ })[0]?.textContent).toContain("Lowered the chance");
    // One number: neither its complement nor the larger of the two.
    expect(page.queryByText(/confidence|authenticity/i)).toBeNull();
  });

  it("says what Content Credentials say beside the verdict, where there are any", async () => {
    const without = await show("talking");
    expect(without.queryByText("Content Credentials")).toBeNull();
    const text = "Camera 7 signed this file. It says that the file was generated by AI.";
    const credentials = create(ContentCredentialsSchema, { state: CredentialsState.VALID, text });
    const page = await show("talking", ({ result }) => Object.assign(result.metadata ?? {}, { credentials }));
    const said = page.getByRole("region", { name: "Content Credentials" });
    expect(said.textContent).toContain(text);
    expect(page.getByRole("heading", { level: 1 }).textContent).toBe("Likely real");
    expect([...document.querySelectorAll("[data-report]")].at(-1)?.textContent).toContain(text);
  });

  it("gives its verdict before series and pictures are there, and keeps their place", async () => {
    const analysis = withoutRest(recorded("talking"));
    const { container, rerender } = render(<Dashboard analysis={analysis} awaitsRest download={never} />);
    expect(screen.getAllByRole("heading", { level: 1 })[0]?.textContent).toBe("Likely real");
    const place = (what: string) => container.querySelector(`[data-${what}-to-come]`);
    await waitFor(() => expect(place("charts") && place("pictures")).toBeTruthy());
    rerender(<Dashboard analysis={analysis} download={never} />);
    expect(place("charts")).toBeNull();
    expect(place("pictures")).toBeNull();
  });

  it("has its lower half from the start, and asks for charts and pictures once the reader has had time", async () => {
    vi.stubGlobal("IntersectionObserver", class extends EverythingIsNear {
      override observe(): void {}
    });
    const readOn = vi.fn();
    render(<Dashboard analysis={recorded("talking")} download={never} onReadOn={readOn} />);
    await screen.findByRole("heading", { name: "Video and charts" });
    expect(screen.getByRole("heading", { name: "Model and timings" })).toBeTruthy();
    expect(readOn).not.toHaveBeenCalled();
    await waitFor(() => expect(readOn).toHaveBeenCalledOnce(), { timeout: 5000 });
  });

  it("is printed with its report however early the reader asks", async () => {
    vi.stubGlobal("IntersectionObserver", class extends EverythingIsNear {
      override observe(): void {}
    });
    const print = vi.fn(() => expect(document.querySelectorAll("[data-report]")).toHaveLength(1));
    vi.stubGlobal("print", print);
    render(<Dashboard analysis={recorded("talking")} download={never} />);
    fireEvent.click(screen.getByRole("button", { name: "Print a report" }));
    await waitFor(() => expect(print).toHaveBeenCalledOnce());
  });

  it("is printed with its pictures: asks for them, and waits", async () => {
    vi.stubGlobal("IntersectionObserver", class extends EverythingIsNear {
      override observe(): void {}
    });
    const print = vi.fn(() => expect(document.querySelectorAll("[data-report] img").length).toBeGreaterThan(0));
    vi.stubGlobal("print", print);
    const readOn = vi.fn();
    const whole = recorded("talking");
    const { rerender } = render(
      <Dashboard analysis={withoutRest(whole)} awaitsRest download={never} onReadOn={readOn} />,
    );
    fireEvent.click(screen.getByRole("button", { name: "Print a report" }));
    expect(readOn).toHaveBeenCalledOnce();
    await waitFor(() => expect(document.querySelector("[data-report]")).toBeTruthy());
    expect(print).not.toHaveBeenCalled();
    rerender(<Dashboard analysis={whole} download={never} onReadOn={readOn} />);
    await waitFor(() => expect(print).toHaveBeenCalledOnce());
  });

  it("gives no score when there is too little to judge", async () => {
    const page = await show("short");
    expect(page.getByRole("heading", { level: 1 }).textContent).toBe("Not enough to judge");
    expect(page.getByText(/The face can be seen for 2 seconds/)).toBeTruthy();
    expect(page.queryByText("estimated chance that the face is manipulated")).toBeNull();
    expect(page.queryByRole("heading", { name: /^What influenced the/ })).toBeNull();
  });

  it("draws nothing of a face where there is none", async () => {
    const page = await show("no_face");
    expect(page.getByText(/No face was found in the frames/)).toBeTruthy();
    expect(page.getAllByText(/^Because no face was found\.$/)).toHaveLength(6);
    expect(page.queryByRole("heading", { name: "Timeline" })).toBeNull();
    expect(page.queryByRole("figure")).toBeNull();
  });

  it("says calmly that the model gives no verdicts", async () => {
    const page = await show("talking_default_model");
    expect(page.getByRole("heading", { level: 1 }).textContent).toBe("Inconclusive");
    expect(page.getAllByText(/nowhere right often enough to name a side/)[0]).toBeTruthy();
    expect(page.queryByText(/(Raised|Lowered) the chance/)).toBeNull();
  });

  it("tells why a silent video lacks four measurements", async () => {
    expect((await show("silent")).getAllByText("Because the video has no sound.")).toHaveLength(4);
  });

  it("passes on the server's warnings and values outside what the model knows", async () => {
    const page = await show("talking", ({ result }) => {
      result.outOfRange = true;
      for (const each of result.contributions) {
        each.outOfRange = ["av_sync_corr", "nose_jitter"].includes(each.feature);
        each.contribution = each.feature === "av_sync_corr" ? 0.1 : 0; // the model does not look at the others
      }
      result.warnings = [
        { $typeName: "notreally.v1.Reason", reason: "NO_AUDIO", text: "The sound could not be analysed." },
      ];
    });
    expect(page.getByText("The sound could not be analysed.")).toBeTruthy();
    expect(page.getByText(/outside what the model was trained on \(agreement of mouth and sound\)/)).toBeTruthy();
  });

  it("shows the moments that look most like a forgery, with what was found where, and goes there", async () => {
    const page = await show("talking", withAppearance);
    const list = within(page.getByRole("heading", { name: /^Moments that look most/ }).closest("section") as HTMLElement);
    const pictures = list.getAllByRole("button");
    expect(pictures.map((each) => each.textContent)).toEqual([
      "at 0:01.0score 27 of 100looks like real videos",
      "at 0:02.0score 95 of 100looks synthesised",
    ]);
    expect(list.getAllByRole("img")[1]?.getAttribute("alt")).toBe(
      "The face looks more synthesised than real videos do, strongest sign in the upper right",
    );
    expect(document.querySelectorAll("section [data-heat]")).toHaveLength(2);
    await userEvent.click(list.getByRole("checkbox", { name: "Heat map" }));
    expect(document.querySelectorAll("section [data-heat]")).toHaveLength(0);
    // They take the place of the pictures that only show the face.
    expect(page.queryByRole("list", { name: "Pictures of the face" })).toBeNull();
  });

  it("says of each picture which of its two scores is shown, by the range of that one", async () => {
    const page = await show("talking", (analysis) => {
      withPictures(
        analysis,
        [1, [0, 12, 0, 0], "face_appearance_log_odds"],
        [2, [0, 12, 0, 0], "face_blending_log_odds"],
        [3, [0, 24, 0, 0], "face_blending_log_odds"],
      );
      usually(analysis, "face_appearance_log_odds", 0.5);
      usually(analysis, "face_blending_log_odds", 4);
    });
    const list = within(page.getByRole("heading", { name: /^Moments that look most/ }).closest("section") as HTMLElement);
    expect(list.getAllByRole("button").map((each) => each.textContent)).toEqual([
      "at 0:01.0score 95 of 100looks synthesised",
      "at 0:02.0score 95 of 100looks like real videos",
      "at 0:03.0score 100 of 100shows traces of blending",
    ]);
    expect(list.getAllByTitle(/synthesised/)).toHaveLength(1);
    expect(list.getAllByTitle(/blended/)).toHaveLength(2);
    expect(list.getAllByRole("img")[2]?.getAttribute("alt")).toMatch(/^The face shows more traces of blending than/);
    expect(document.querySelector("[data-report]")?.textContent).toContain("0:03.0, 100 of 100shows traces of blending");
  });

  it("colours the timeline red only where the face looks unlike real videos", async () => {
    const page = await show("talking", withAppearance);
    const [first, second, ...others] = page.getAllByRole("button", { name: /^Go to / });
    expect(first?.getAttribute("aria-label")).toMatch(/looks like real videos$/);
    expect(first?.querySelector("[data-band=appearance]")?.className).toContain("bg-real");
    expect(second?.getAttribute("aria-label")).toMatch(/more synthesised/);
    expect(second?.querySelector("[data-band=appearance]")?.className).toContain("bg-fake");
    expect(others.every((each) => each.querySelector("[data-band=appearance]") === null)).toBe(true);
  });

  it("has a band of its own for how the face moves", async () => {
    const page = await show("talking", (analysis) => {
      withAppearance(analysis);
      withMovement(analysis);
    });
    const [first, second] = page.getAllByRole("button", { name: /^Go to / });
    expect(first?.getAttribute("aria-label")).toMatch(/looks like real videos, moves more like forgeries than real videos do$/);
    expect(first?.querySelector("[data-band=movement]")?.className).toContain("bg-fake");
    expect(second?.getAttribute("aria-label")).toMatch(/looks more synthesised than real videos do$/);
    expect(second?.querySelector("[data-band=movement]")).toBeNull();
    expect(page.getByText("upper band: appearance, lower band: movement")).toBeTruthy();
  });

  it("has a band for traces of blending between the two, by their own range", async () => {
    const page = await show("talking", (analysis) => {
      withAppearance(analysis);
      withBlending(analysis);
      withMovement(analysis);
    });
    const [first, second] = page.getAllByRole("button", { name: /^Go to / });
    expect(first?.getAttribute("aria-label")).toMatch(
      /looks like real videos, shows no more traces of blending than real videos, moves more like forgeries than real videos do$/,
    );
    expect(second?.getAttribute("aria-label")).toMatch(/synthesised than real videos do, shows more traces of blending than/);
    const bands = [...(first?.querySelectorAll<HTMLElement>("[data-band]") ?? [])];
    expect(bands.map(({ dataset }) => dataset.band)).toEqual(["appearance", "blending", "movement"]);
    const tops = bands.map(({ className }) => Number(/ top-([\d.]+) /.exec(className)?.[1]));
    expect(tops).toEqual([...new Set(tops)].sort((one, other) => one - other));
    expect(bands[1]?.className).toContain("bg-real");
    expect(second?.querySelector("[data-band=blending]")?.className).toContain("bg-fake");
    expect(page.getByText("upper band: appearance, middle: blending, lower: movement")).toBeTruthy();
  });

  it.each([
    [[withMovement], "band: movement"],
    [[withBlending], "band: blending"],
    [[withBlending, withMovement], "upper band: blending, lower band: movement"],
  ])("says which bands there are: %#", async (scored, words) => {
    const page = await show("talking", (analysis) => {
      withoutReadings(analysis);
      for (const add of scored) add(analysis);
    });
    expect(page.getByText(words)).toBeTruthy();
  });

  it("has no band for what the model knows no usual range of", async () => {
    const page = await show("talking", (analysis) => {
      withAppearance(analysis);
      withBlending(analysis);
      const { model } = analysis.result;
      if (model) model.features = model.features.filter(({ feature }) => feature !== "face_blending_log_odds");
    });
    expect(page.getByText("band: appearance")).toBeTruthy();
    expect(document.querySelector("[data-band=blending]")).toBeNull();
  });

  it("has the pictures of the moments on paper too, each with and without colours", async () => {
    await show("talking", withAppearance);
    expect(document.querySelectorAll("[data-report] [data-heat]")).toHaveLength(2);
    expect(document.querySelector("[data-report]")?.textContent).toContain("0:02.0, 95 of 100");
  });

  it("has a tab for each face, which the arrow keys change", async () => {
    const page = await show("two_faces");
    const tabs = page.getAllByRole("tab");
    expect(tabs.map((tab) => tab.textContent?.slice(0, 6))).toEqual(["Face 1", "Face 2"]);
    const first = tabs.findIndex((tab) => tab.getAttribute("aria-selected") === "true");
    tabs[first]?.focus();
    await userEvent.keyboard("{ArrowRight}");
    const other = page.getAllByRole("tab")[1 - first];
    expect(other?.getAttribute("aria-selected")).toBe("true");
    expect(document.activeElement).toBe(other);
    expect(page.getByText(`Verdict on face ${2 - first} of 2`)).toBeTruthy();
  });

  it("holds a report for paper", async () => {
    await show("talking");
    const report = document.querySelector<HTMLElement>("[data-report]");
    if (!report) throw new Error("no report");
    expect(within(report).getByText("talking.mp4")).toBeTruthy();
    expect(within(report).getAllByRole("row")).toHaveLength(11);
  });
});

describe("the dashboard of a face and a voice", () => {
  it("has one headline, and says which of the two gives it", async () => {
    const page = await show("fake_voice");
    expect(page.getAllByRole("heading", { level: 1 }).map(({ textContent }) => textContent)).toEqual(["Likely fake"]);
    expect(page.getByText("Verdict on the voice")).toBeTruthy();
    const parts = page.getByLabelText("Face and voice");
    expect(factOf(parts, "Face")).toMatch(/^Likely real17\s?% estimated chance that the face is manipulated$/);
    expect(factOf(parts, "Voice")).toMatch(/^Likely fakethe verdict above93\s?% estimated chance that the voice is synthesised$/);
  });

  it("says so too where the face gives it", async () => {
    const page = await show("talking");
    expect(page.getByText("Verdict on the face")).toBeTruthy();
    expect(factOf(page.getByLabelText("Face and voice"), "Voice")).toMatch(/^Likely real7\s?% estimated chance/);
  });

  it("says why nothing can be said of one of them", async () => {
    const page = await show("short");
    const parts = page.getByLabelText("Face and voice");
    expect(factOf(parts, "Face")).toMatch(/^Not enough to judgethe verdict aboveThe face can be seen for 2 seconds/);
    expect(factOf(parts, "Voice")).toMatch(/^Not enough to judgeThe voice can be heard for 1\.6 seconds/);
    expect(factOf((await show("silent")).getByLabelText("Face and voice"), "Voice")).toMatch(
      /^Not looked atThe video has no sound\.$/,
    );
  });

  it("keeps the voice out of what moved the face's score", async () => {
    const page = await show("fake_voice");
    const moved = page.getByRole("heading", { name: /^What influenced the face/ }).closest("section") as HTMLElement;
    expect(within(moved).queryByText("Sound of the voice")).toBeNull();
    expect(within(moved).getByText(/the voice is judged apart/)).toBeTruthy();
    const card = page.getByRole("listitem", { name: "Sound of the voice" });
    expect(card.textContent).toContain("99of 100");
    expect(card.textContent).toMatch(/Usual in recorded voices: 2 to 79; this is higher than in most recorded voices/);
    expect(card.textContent).not.toContain("Did not change the chance");
  });

  it("says that a voice lies outside what the model knows by the voice's own range", async () => {
    const page = await show("talking", ({ result }) => {
      for (const each of result.contributions) if (each.feature === "voice_log_odds") each.value = 9;
    });
    expect(page.getByRole("listitem", { name: "Sound of the voice" }).textContent).toContain("Outside what the model");
  });

  it("has a card of the voice: what was heard, what came out, and what that can tell", async () => {
    const page = await show("talking");
    const card = page.getByRole("heading", { name: "The voice" }).closest("section") as HTMLElement;
    expect(factOf(card, "Voice found")).toMatch(/^11\s?s$/);
    expect(factOf(card, "Scored")).toMatch(/^8 stretches, 14\s?s in all$/);
    expect(factOf(card, "Stands out as synthesised")).toBe("no single stretch");
    expect(within(card).getByText("estimated chance that the voice is synthesised")).toBeTruthy();
    expect(within(card).getByText(/likely real below 20\s?% and likely fake above 90\s?%/)).toBeTruthy();
    expect(within(card).queryByText(/coin toss/)).toBeNull();
  });

  it("marks what sounds synthesised over the sound and in words, and goes there", async () => {
    const page = await show("fake_voice");
    const chart = page.getByRole("figure", { name: "Sound" });
    const bars = [...chart.querySelectorAll<HTMLElement>("[data-stretch]")];
    expect(bars.filter(({ dataset }) => dataset.stretch === "suspicious")).toHaveLength(3);
    expect(bars).toHaveLength(8);
    expect(chart.querySelectorAll("[data-shade]")).toHaveLength(2);
    const list = within(chart).getByRole("list", { name: "What sounds synthesised" });
    expect(within(list).getAllByRole("listitem").map(({ textContent }) => textContent)).toEqual([
      "From 0:05 to 0:10 the voice sounds synthesised.",
      "From 0:12 to 0:14 the voice sounds synthesised.",
    ]);
    const needle = () => document.querySelector<HTMLElement>("[data-needle]")?.style.left;
    fireEvent.click(within(list).getByRole("button", { name: "From 0:12 to 0:14" }));
    expect(needle()).toBe(`${((100 * 11.5) / 14).toFixed(3)}%`);
    fireEvent.click(bars[3] as HTMLElement);
    expect(needle()).toBe(`${((100 * 4.5) / 14).toFixed(3)}%`);
  });

  it("says that nothing stands out as synthesised", async () => {
    const chart = (await show("talking")).getByRole("figure", { name: "Sound" });
    expect(within(chart).getByText("No single stretch stands out as synthesised.")).toBeTruthy();
    expect(chart.querySelector("[data-shade]")).toBeNull();
  });

  it("has a band for the voice in the timeline", async () => {
    const page = await show("fake_voice");
    const bands = document.querySelectorAll("[data-band=voice]");
    expect([...bands].map(({ className }) => className.includes("bg-fake"))).toEqual([true, true, true, true]);
    expect(page.getAllByRole("button", { name: /sounds more synthesised than recorded voices do$/ })).not.toHaveLength(0);
  });

  it("shows another face without the voice's headline", async () => {
    const page = await show("two_faces", ({ result }) => {
      Object.assign(result, { headline: Part.VOICE, verdict: Verdict.LIKELY_FAKE, probFake: 0.95 });
    });
    expect(page.getByRole("heading", { level: 1 }).textContent).toBe("Likely fake");
    expect(page.queryByText(/The verdict is about face/)).toBeNull();
    await userEvent.click(page.getAllByRole("tab")[1] as HTMLElement);
    expect(page.getByText(/^Verdict on face \d of 2$/)).toBeTruthy();
    expect(page.queryByLabelText("Face and voice")).toBeNull();
  });

  it("prints both, and what sounds synthesised", async () => {
    await show("fake_voice");
    const report = document.querySelector("[data-report]")?.textContent;
    expect(report).toMatch(/Face: likely real, 17\s?% estimated chance that the face is manipulated\./);
    expect(report).toMatch(/Voice: likely fake, 93\s?% estimated chance that the voice is synthesised\./);
    expect(report).toContain("From 0:05 to 0:10 the voice sounds synthesised.");
    expect(report).toMatch(/Sound of the voice99 of 1002 to 79judged apart/);
  });

  it("shows a result of an older server as one of a face", async () => {
    const page = await show("talking", ofOldServer);
    expect(page.getByText("Verdict")).toBeTruthy();
    expect(page.queryByLabelText("Face and voice")).toBeNull();
    expect(page.queryByRole("heading", { name: "The voice" })).toBeNull();
    expect(page.queryByText("Sound of the voice")).toBeNull();
    expect(page.getByRole("heading", { name: "What influenced the result" })).toBeTruthy();
  });
});

describe("the dashboard of a sound file", () => {
  it("has the voice's verdict, and says what was not looked at", async () => {
    const page = await show("sound");
    expect(page.getByRole("heading", { level: 1 }).textContent).toBe("Inconclusive");
    expect(page.getByText("Verdict on the voice")).toBeTruthy();
    expect(factOf(page.getByLabelText("Face and voice"), "Face")).toBe("Not looked atA sound file has no picture.");
    expect(page.getByText(/whether the mouth follows the sound were not looked at/)).toBeTruthy();
    expect(page.getByText(/^The verdict rests on one measurement\./)).toBeTruthy();
  });

  it("has no empty parts of a face", async () => {
    const page = await show("sound");
    for (const name of ["Timeline", /^What influenced the/, "Picture", "Not measured", /^Moments/]) {
      expect(page.queryByRole("heading", { name })).toBeNull();
    }
    expect(page.queryByText(/No face was found/)).toBeNull();
    expect(page.getAllByRole("figure").map((figure) => figure.querySelector("h3")?.textContent)).toEqual(["Sound"]);
    const report = document.querySelector<HTMLElement>("[data-report]") as HTMLElement;
    expect(report.textContent).toContain("Report on a recording of a voice");
    expect(within(report).getAllByRole("row")).toHaveLength(4);
  });

  it("is played, and goes where a stretch begins", async () => {
    const file = new File(["sound"], "voice_message.mp3");
    render(<Dashboard analysis={recorded("sound")} videoFile={file} download={never} />);
    const player = (await screen.findByLabelText("The analysed recording")) as HTMLAudioElement;
    expect(player.tagName).toBe("AUDIO");
    fireEvent.click(await screen.findByRole("button", { name: "From 0:05 to 0:07" }));
    expect(player.currentTime).toBe(4.5);
  });

  it("can be loaded, and says so where the browser cannot play it", async () => {
    render(<Dashboard analysis={recorded("sound")} download={() => Promise.resolve(new Blob(["nonsense"]))} />);
    fireEvent.click(await screen.findByRole("button", { name: /^Load the recording/ }));
    fireEvent.error(await screen.findByLabelText("The analysed recording"));
    expect(await screen.findByText(/This browser cannot play the recording \(mp3\)/)).toBeTruthy();
  });

  it("of which there is too little says why once", async () => {
    const page = await show("sound", ({ result }) => {
      const text = "A voice can be heard for 1.2 seconds, and at least 2 are needed.";
      const insufficiency = [{ $typeName: "notreally.v1.Reason" as const, reason: "TOO_LITTLE_VOICE", text }];
      Object.assign(result, { verdict: Verdict.INSUFFICIENT, insufficiency });
      Object.assign(result.voice ?? {}, { verdict: Verdict.INSUFFICIENT, insufficiency, probFake: undefined, stretches: [] });
    });
    const parts = page.getByLabelText("Face and voice");
    expect(factOf(parts, "Voice")).toMatch(/^Not enough to judgethe verdict aboveA voice can be heard for 1\.2 seconds/);
    expect(page.getByText(/There was too little to hear/)).toBeTruthy();
  });
});

describe("the timeline", () => {
  it("has a button for every stretch that says what was seen", () => {
    const { result } = recorded("away");
    render(<Timeline segments={result.timeline} blinks={[]} duration={14} summaries={[]} />);
    const [first, ...rest] = screen.getAllByRole("button");
    expect(rest).toHaveLength(3);
    expect(first?.getAttribute("aria-label")).toMatch(
      /^Go to 0:00\.0: until 0:03\.5, face in \d+\s?% of the frames, 1 blink, nose jitters by/,
    );
  });

  it("moves the needle to the stretch that was pressed", () => {
    const { result } = recorded("talking");
    const { container } = render(<Timeline segments={result.timeline} blinks={[]} duration={14} summaries={[]} />);
    const second = screen.getAllByRole("button")[1];
    if (second) fireEvent.click(second);
    expect(container.querySelector<HTMLElement>("[data-needle]")?.style.left).toBe("25.000%");
  });
});

describe("the video", () => {
  const panel = (download: Download, removed = false, file?: File) =>
    render(
      <VideoPanel
        file={file}
        sizeBytes={7_372_782}
        removed={removed}
        download={download}
        facts={recorded("talking").result.metadata}
        track={{ boxes: [], within: 0, contours: [] }}
        pictures={false}
      />,
    );

  it("is loaded only when asked for, and says how large it is", async () => {
    const download = vi.fn<Download>(async (onProgress) => {
      onProgress(3_000_000, false);
      return new Blob(["video"]);
    });
    panel(download);
    expect(download).not.toHaveBeenCalled();
    fireEvent.click(screen.getByRole("button", { name: /Load the video \(7\.4\sMB\)/ }));
    expect(await screen.findByLabelText("The analysed video")).toBeTruthy();
  });

  it("says how much has come", () => {
    panel((onProgress) => {
      onProgress(3_686_391, false);
      return never();
    });
    fireEvent.click(screen.getByRole("button"));
    expect(screen.getByText(/3\.7\sMB of 7\.4\sMB, 50\s?%/)).toBeTruthy();
    expect(screen.getByRole("status").textContent).toBe("Loading the video");
  });

  it("says that it is tried again while the server does not answer", () => {
    panel((onProgress) => {
      onProgress(3_686_391, true);
      return never();
    });
    fireEvent.click(screen.getByRole("button"));
    expect(screen.getByRole("status").textContent).toBe("The server does not answer; trying again");
    expect(screen.getByText(/3\.7\sMB of 7\.4\sMB/)).toBeTruthy();
  });

  it("can be tried again when it did not come", async () => {
    panel(() => Promise.reject(new Error("gone")));
    fireEvent.click(screen.getByRole("button"));
    expect((await screen.findByRole("alert")).textContent).toContain("could not be loaded");
    expect(screen.getByRole("button")).toBeTruthy();
  });

  it("that the server refuses is refused in its words", async () => {
    panel(() => Promise.reject(refusal(Code.NotFound, "MEDIA_NOT_FOUND")));
    fireEvent.click(screen.getByRole("button"));
    expect((await screen.findByRole("alert")).textContent).toBe("Refused: MEDIA_NOT_FOUND.");
  });

  it("that the server has not kept is not offered", () => {
    panel(never, true);
    expect(screen.queryByRole("button")).toBeNull();
    expect(screen.getByText(/this one is gone/)).toBeTruthy();
  });

  it("stops coming when the page is left", () => {
    const download = vi.fn<Download>(never);
    const { unmount } = panel(download);
    fireEvent.click(screen.getByRole("button"));
    const signal = download.mock.calls[0]?.[1];
    expect(signal?.aborted).toBe(false);
    unmount();
    expect(signal?.aborted).toBe(true);
  });

  it("that the browser cannot play is said to be so", async () => {
    panel(() => Promise.resolve(new Blob(["nonsense"])));
    fireEvent.click(screen.getByRole("button"));
    fireEvent.error(await screen.findByLabelText("The analysed video"));
    expect(screen.getByText(/This browser cannot play the video \(h264\)/)).toBeTruthy();
  });

  it("that was picked and cannot be played is said to be so", async () => {
    panel(never, false, new File(["nonsense"], "clip.mp4"));
    fireEvent.error(screen.getByLabelText("The analysed video"));
    expect(await screen.findByText(/This browser cannot play the video/)).toBeTruthy();
  });

  it("that was picked and is gone from the disk is said to be so, and can be had from the server", async () => {
    const file = new File(["video"], "clip.mp4");
    const gone = () => Promise.reject(new DOMException("gone", "NotFoundError"));
    file.slice = () => Object.assign(new Blob(), { arrayBuffer: gone });
    panel(() => Promise.resolve(new Blob(["video"])), false, file);
    fireEvent.error(screen.getByLabelText("The analysed video"));
    expect(await screen.findByText(/cannot be read any more: it was moved, changed or deleted/)).toBeTruthy();
    expect(screen.queryByText(/cannot play/)).toBeNull();
    fireEvent.click(screen.getByRole("button", { name: /Load the video/ }));
    expect(await screen.findByLabelText("The analysed video")).toBeTruthy();
  });
});

describe("the charts while the work runs", () => {
  it("say that they wait for the first measurements", () => {
    render(<LiveCharts parts={[]} />);
    expect(screen.getByText("The first measurements will be drawn here.")).toBeTruthy();
  });

  it("say that no face has been seen", () => {
    const { series } = recorded("away").result;
    if (!series) throw new Error();
    for (const face of series.faces) face.eyeAspectRatio = face.eyeAspectRatio.map(() => NaN);
    series.sounds = [];
    render(<LiveCharts parts={[series]} />);
    expect(screen.getByText("No face has been seen so far.")).toBeTruthy();
  });

  it("draw what has come, with words for those who do not see it", () => {
    const { series } = recorded("talking").result;
    if (!series) throw new Error();
    render(<LiveCharts parts={[series]} durationS={14} />);
    expect(screen.getAllByRole("figure").map((figure) => figure.querySelector("h3")?.textContent)).toEqual([
      "Opening of the eyes",
      "Nose jitter",
      "Opening of the mouth and loudness",
      "Sound",
    ]);
    expect(screen.getByText(/4 blinks are marked/)).toBeTruthy();
  });

  it("mark what has been heard of the voice so far, and judge none of it", () => {
    const { series } = recorded("sound").result;
    if (!series?.sounds[0]) throw new Error();
    Object.assign(series.sounds[0], { voice: [{ startS: 0, endS: 2.5, logOdds: 6 }] });
    const { container } = render(<LiveCharts parts={[series]} durationS={14} />);
    expect([...container.querySelectorAll<HTMLElement>("[data-stretch]")].map(({ dataset }) => dataset.stretch)).toEqual([
      "scored",
    ]);
    expect(screen.queryByText(/sounds? synthesised/)).toBeNull();
  });
});
