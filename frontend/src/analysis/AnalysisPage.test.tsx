import { create } from "@bufbuild/protobuf";
import { AnalysisEventSchema, AnalysisSchema, AnalysisState, Part, Verdict } from "@gen/notreally/v1/analysis_pb";
import { render, screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { Server } from "@/testing/server";

import { AnalysisPage } from "./AnalysisPage";

const { RUNNING, SUCCEEDED, FAILED, CANCELLED } = AnalysisState;

let server: Server;
// Another one in each test: what was heard of an analysis is kept for as long as the page is open.
let id = 0;

vi.mock("@/lib/api/client", () => ({ api: () => server.api() }));
vi.mock("next/navigation", () => ({ useSearchParams: () => new URLSearchParams({ id: String(id) }) }));

/** An analysis that ends this way once it is told to. */
function analysisThatEnds(ending: AnalysisState): () => void {
  let end = () => undefined as void;
  const ended = new Promise<void>((resolve) => (end = resolve));
  let state = RUNNING;
  server = new Server({
    getAnalysis: ({ name }) =>
      create(AnalysisSchema, { name, filename: "clip.mp4", state, result: { verdict: Verdict.LIKELY_FAKE } }),
    async *watchAnalyses({ targets }) {
      const analysis = targets[0]?.name;
      for (const percent of [10, 20, 30]) {
        yield create(AnalysisEventSchema, { analysis, sequence: BigInt(percent), state: RUNNING, percent });
      }
      await ended;
      state = ending;
      yield create(AnalysisEventSchema, { analysis, sequence: 100n, state, percent: 100 });
    },
  });
  return end;
}

beforeEach(() => {
  id += 1;
});

describe("the page of one analysis", () => {
  it.each([
    [SUCCEEDED, "Verdict on clip.mp4: Likely fake."],
    [FAILED, "clip.mp4 could not be analysed."],
    [CANCELLED, "The analysis of clip.mp4 was cancelled."],
  ])("says its end (%s) aloud, once", async (state, words) => {
    const end = analysisThatEnds(state);
    const { container } = render(<AnalysisPage />);
    const region = container.querySelector("[role=status]") as HTMLElement;
    const said: (string | null)[] = [];
    new MutationObserver(() => said.push(region.textContent)).observe(region, { childList: true, subtree: true });
    await screen.findByText(/^30\s?%$/);
    expect(said).toEqual([]);
    end();
    await waitFor(() => expect(said).toEqual([words]));
    expect(region.isConnected).toBe(true);
  });

  it("names the voice where the verdict is about that", async () => {
    server = new Server({
      getAnalysis: ({ name }) =>
        create(AnalysisSchema, {
          name,
          filename: "memo.mp3",
          state: SUCCEEDED,
          result: { verdict: Verdict.LIKELY_FAKE, headline: Part.VOICE },
        }),
    });
    const { container } = render(<AnalysisPage />);
    const region = container.querySelector("[role=status]");
    await waitFor(() => expect(region?.textContent).toBe("Verdict on memo.mp3: Likely fake (voice)."));
    expect(document.title).toBe("memo.mp3 · NotReally");
  });

  it.each([
    ["memo.mp3", undefined, "Listening to your recording"],
    ["memo.ogg", { container: "ogg", audio: {} }, "Listening to your recording"],
    ["clip.mp4", undefined, "Looking at your video"],
  ])("tells while it runs whether %s is listened to or looked at", async (filename, metadata, words) => {
    server = new Server({
      getAnalysis: ({ name }) => create(AnalysisSchema, { name, filename, state: RUNNING }),
      async *watchAnalyses({ targets }) {
        yield create(AnalysisEventSchema, { analysis: targets[0]?.name, sequence: 1n, state: RUNNING, metadata });
        await new Promise(() => undefined);
      },
    });
    render(<AnalysisPage />);
    expect(await screen.findByRole("heading", { level: 1, name: words })).toBeTruthy();
  });
});
