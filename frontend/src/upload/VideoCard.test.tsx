import { AnalysisState, Verdict } from "@gen/notreally/v1/analysis_pb";
import { render, screen } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";

import { Server } from "@/testing/server";

import { Announcer } from "./Announcer";
import type { Item } from "./queue";
import { VideoCard } from "./VideoCard";
import { PICKED, type Video } from "./video";

const server = new Server({
  getAnalysis: ({ name }) => ({ name, state: AnalysisState.SUCCEEDED, result: { verdict: Verdict.LIKELY_REAL } }),
  async *watchAnalyses(_, { signal }) {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  },
});

vi.mock("@/lib/api/client", () => ({ api: () => server.api() }));

function itemOf(video: Partial<Video>): Item {
  return { id: "1", filename: "clip.mp4", size: 100, video: { ...PICKED, ...video }, bytesPerSecond: undefined };
}

function card(video: Partial<Video>) {
  return <VideoCard item={itemOf(video)} />;
}

describe("the card of a video", () => {
  it("says aloud that it could not be cancelled", () => {
    const running: Partial<Video> = { phase: "running", analysis: "analyses/1" };
    const { rerender } = render(card(running));
    expect(screen.queryByRole("alert")).toBeNull();
    rerender(card({ ...running, trouble: "It could not be cancelled. Try again." }));
    expect(screen.getByRole("alert").textContent).toBe("It could not be cancelled. Try again.");
  });

  it("shows, and says aloud, that it is being cancelled", () => {
    const item = itemOf({ phase: "accepted", cancelling: true });
    render(
      <>
        <VideoCard item={item} />
        <Announcer items={[item]} />
      </>,
    );
    expect(screen.getByRole("button", { name: "Cancelling clip.mp4" }).textContent).toBe("Cancelling");
    expect(screen.getByRole("status").textContent).toBe("clip.mp4 is being cancelled.");
  });

  it("says its verdict aloud when it comes, and not to who comes back to it", async () => {
    const succeeded: Partial<Video> = { phase: "succeeded", analysis: "analyses/1" };
    const { rerender, unmount } = render(card({ ...succeeded, phase: "running" }));
    rerender(card(succeeded));
    expect(screen.getByRole("status").textContent).toBe("");
    await screen.findByText("Likely real");
    expect(screen.getByRole("status").textContent).toBe("Verdict on clip.mp4: Likely real");
    unmount();
    render(card(succeeded));
    await screen.findByText("Likely real");
    expect(screen.queryByRole("status")).toBeNull();
  });
});
