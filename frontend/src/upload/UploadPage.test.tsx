import { render, screen } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { broken, Server } from "@/testing/server";

let server = new Server();

vi.mock("@/lib/api/client", () => ({ api: () => server.api() }));
vi.mock("next/navigation", () => ({ useRouter: () => ({ push: () => undefined }) }));

/** The page of a tab that was just opened. */
async function open(): Promise<void> {
  vi.resetModules();
  const { UploadPage } = await import("./UploadPage");
  render(<UploadPage />);
}

beforeEach(() => {
  localStorage.clear();
  server = new Server();
});

describe("the page where videos are taken in", () => {
  it("says the limit of a server that answers only later, and meanwhile that it goes on by itself", async () => {
    server.fail("getServerInfo", broken());
    await open();
    expect((await screen.findByRole("alert")).textContent).toContain("the page goes on by itself");
    expect(await screen.findByText(/Up to 10\skB each\./)).toBeTruthy();
    expect(screen.queryByRole("alert")).toBeNull();
  });
});
