import { render, waitFor } from "@testing-library/react";
import { expect, it } from "vitest";

import { useTabTitle } from "./tabTitle";

function Page({ name }: { name?: string }) {
  useTabTitle(name);
  return null;
}

it("keeps the name of what is shown, whatever puts another one there later", async () => {
  document.head.append(document.createElement("title"));
  const { rerender, unmount } = render(<Page />);
  document.title = "Analysis · NotReally";
  rerender(<Page name="clip.mp4" />);
  expect(document.title).toBe("clip.mp4 · NotReally");
  document.querySelector("title")?.replaceWith(document.createElement("title"));
  document.title = "Analysis · NotReally";
  await waitFor(() => expect(document.title).toBe("clip.mp4 · NotReally"));
  unmount();
  document.title = "History · NotReally";
  await new Promise((done) => setTimeout(done, 0));
  expect(document.title).toBe("History · NotReally");
});
