import { render, screen } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";

import { Server } from "@/testing/server";

import type { Item } from "./queue";
import { VideoCard } from "./VideoCard";
import { PICKED, type Video } from "./video";

const server = new Server({
  async *watchAnalyses(_, { signal }) {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  },
});

vi.mock("@/lib/api/client", () => ({ api: () => server.api() }));

function card(video: Partial<Video>) {
  const item: Item = { id: "1", filename: "clip.mp4", size: 100, video: { ...PICKED, ...video }, bytesPerSecond: undefined };
  return <VideoCard item={item} />;
}

describe("the card of a video", () => {
  it("says aloud that it could not be cancelled", () => {
    const running: Partial<Video> = { phase: "running", analysis: "analyses/1" };
    const { rerender } = render(card(running));
    expect(screen.queryByRole("alert")).toBeNull();
    rerender(card({ ...running, trouble: "It could not be cancelled. Try again." }));
    expect(screen.getByRole("alert").textContent).toBe("It could not be cancelled. Try again.");
  });
});
