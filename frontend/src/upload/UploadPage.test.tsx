import { create } from "@bufbuild/protobuf";
import { AnalysisEventSchema, AnalysisState } from "@gen/notreally/v1/analysis_pb";
import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { broken, Server } from "@/testing/server";

let server = new Server();

vi.mock("@/lib/api/client", () => ({ api: () => server.api() }));
vi.mock("next/navigation", () => ({ useRouter: () => ({ push: () => undefined }) }));

/** The page of a tab that was just opened, and its queue. */
async function open() {
  vi.resetModules();
  const { UploadPage } = await import("./UploadPage");
  const { queue } = await import("@/lib/session");
  render(<UploadPage />);
  return queue;
}

function video(name: string): File {
  return new File([new Uint8Array(2500)], name, { type: "video/mp4", lastModified: 1 });
}

/** What a screen reader calls the element with the focus. */
function focused(): string | null | undefined {
  return document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent;
}

/** Presses a button without a mouse. */
async function press(name: string): Promise<void> {
  (await screen.findByRole("button", { name })).focus();
  await userEvent.keyboard("{Enter}");
}

beforeEach(() => {
  localStorage.clear();
  server = new Server({
    async *watchAnalyses({ targets }) {
      for (const { name } of targets) {
        const state = AnalysisState.SUCCEEDED;
        yield create(AnalysisEventSchema, { analysis: name, sequence: 1n, state, percent: 100 });
      }
    },
  });
});

describe("the page where videos are taken in", () => {
  it("says the limit of a server that answers only later, and meanwhile that it goes on by itself", async () => {
    server.fail("getServerInfo", broken());
    await open();
    expect((await screen.findByRole("alert")).textContent).toContain("the page will continue by itself");
    expect(await screen.findByText(/Up to 10\skB each\./)).toBeTruthy();
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("says what becomes of files as the server is set", async () => {
    server = new Server({
      getServerInfo: () => ({ maxUploadBytes: 10_000n, maxChunkBytes: 1000n, login: true, signedIn: true, retentionDays: 30 }),
    });
    await open();
    expect(await screen.findByText(/deleted after 30 days.* Other users of this server can’t see them/)).toBeTruthy();
  });

  it("keeps the focus where a button was that has become another, and near where one is gone", async () => {
    const queue = await open();
    // Nothing arrives for now.
    server.fail("uploadChunk", ...Array.from({ length: 1000 }, () => broken()));
    await act(() => queue.add([video("one.mp4"), video("two.mp4")]));
    await press("Pause the upload of one.mp4");
    expect(focused()).toBe("Resume the upload of one.mp4");
    await press("Resume the upload of one.mp4");
    expect(focused()).toBe("Pause the upload of one.mp4");
    await press("Cancel one.mp4");
    expect(focused()).toBe("Remove one.mp4 from the list");
    await press("Remove one.mp4 from the list");
    expect(focused()).toBe("two.mp4");
    (await screen.findByRole("button", { name: "Pause the upload of two.mp4" })).focus();
    server.failures.clear();
    await screen.findByRole("link", { name: "See why: two.mp4" });
    expect(focused()).toBe("two.mp4");
    await press("Remove two.mp4 from the list");
    expect(focused()).toBe("Choose files");
  });
});
