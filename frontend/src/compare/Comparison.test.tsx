import { render, screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { type Name, recorded } from "@/dashboard/testdata/recorded";

import Comparison from "./Comparison";

function compare(a: Name, b: Name) {
  render(<Comparison a={recorded(a)} b={recorded(b)} />);
}

describe("two results side by side", () => {
  it("say each what its headline is about", () => {
    compare("fake_voice", "sound");
    const [a, b] = screen.getAllByLabelText("Face and voice") as [HTMLElement, HTMLElement];
    expect(within(a).getByText("the verdict above").closest("div")?.textContent).toMatch(/^VoiceLikely fake/);
    expect(within(b).getByText("A sound file has no picture.")).toBeTruthy();
    expect(screen.getAllByText("estimated chance that the voice is synthesised")).toHaveLength(2);
  });

  it("compare voices among recorded ones, and never as a push on the face", () => {
    compare("talking", "fake_voice");
    const row = screen.getByRole("rowheader", { name: "Sound of the voice" }).closest("tr") as HTMLElement;
    expect(row.textContent).toContain("2 to 79 is usual");
    expect(row.textContent).not.toMatch(/(Raised|Lowered) the chance/i);
    // The push is the face's, whoever has the headline.
    const nose = screen.getByRole("rowheader", { name: "Nose jitter" }).closest("tr") as HTMLElement;
    expect(within(nose).getAllByText(/^lowered the chance/)).toHaveLength(2);
  });

  it("mark in each sound what sounds synthesised", () => {
    compare("talking", "fake_voice");
    expect(screen.getAllByRole("list", { name: "What sounds synthesised" })).toHaveLength(1);
  });

  it("of two sound files have no rows of a face", () => {
    compare("sound", "sound");
    expect(screen.getAllByRole("rowheader").map(({ textContent }) => textContent)).toEqual([
      "Sound of the voice",
      "Average timbre of the sound",
      "Liveliness of the sound",
    ]);
  });
});
