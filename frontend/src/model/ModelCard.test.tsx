import { readFileSync } from "node:fs";

import { render, screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { ModelCard } from "./ModelCard";

const face = readFileSync("../docs/model-card.md", "utf8");
const voice = readFileSync("../docs/voice-card.md", "utf8").replace(/^# /m, "## ");

function show() {
  const { container } = render(
    <>
      <ModelCard markdown={face} pictures={{}} />
      <ModelCard markdown={voice} pictures={{}} prefix="voice-" />
    </>,
  );
  return container;
}

describe("the model cards as a page", () => {
  it("open in plain words, and say nothing to those who edit files", () => {
    const page = show();
    expect(page.querySelector("h2")?.textContent).toBe("In plain words");
    expect(page.textContent).not.toContain("do not edit");
    expect(page.querySelectorAll("h1")).toHaveLength(1);
  });

  it("have contents that lead to their parts", () => {
    const page = show();
    for (const name of ["Model card", "Model card: the voice"]) {
      const links = within(screen.getByRole("navigation", { name: `Contents of “${name}”` })).getAllByRole("link");
      expect(links.length).toBeGreaterThan(4);
      for (const link of links) {
        const part = page.querySelector(link.getAttribute("href") ?? "");
        expect(part?.textContent).toBe(link.textContent);
      }
    }
  });

  it("have a name of its own for every table", () => {
    show();
    const names = screen.getAllByRole("region").map((region) => region.getAttribute("aria-label"));
    expect(new Set(names).size).toBe(names.length);
  });
});
