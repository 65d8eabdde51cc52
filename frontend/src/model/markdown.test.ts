import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { blocks, pieces } from "./markdown";

describe("the model card's Markdown", () => {
  it("is made of headings, paragraphs, lists, tables and code", () => {
    const text = [
      "# A",
      "",
      "one",
      "two",
      "",
      "- x",
      "  y",
      "- z",
      "",
      "| a | b |",
      "| --- | --- |",
      "| 1 | 2 |",
      "",
      "```sh",
      "make",
      "",
      "it",
      "```",
      "",
      "![A plot of",
      "two lines](model-card/plot.svg)",
    ];
    expect(blocks(text.join("\n"))).toEqual([
      { kind: "heading", level: 1, text: "A" },
      { kind: "paragraph", text: "one two" },
      { kind: "list", items: ["x y", "z"] },
      { kind: "table", head: ["a", "b"], rows: [["1", "2"]] },
      { kind: "code", text: "make\n\nit" },
      { kind: "image", alt: "A plot of two lines", src: "model-card/plot.svg" },
    ]);
  });

  it("has bold and code inside a line", () => {
    expect(pieces("a **b** `c|d`.")).toEqual([
      { kind: "text", text: "a " },
      { kind: "strong", text: "b" },
      { kind: "text", text: " " },
      { kind: "code", text: "c|d" },
      { kind: "text", text: "." },
    ]);
  });

  it("leaves no markup of the real card behind", () => {
    const card = blocks(readFileSync("../docs/model-card.md", "utf8"));
    const texts = card.flatMap((block) =>
      "text" in block && block.kind !== "code" ? [block.text] : block.kind === "list" ? block.items : [],
    );
    for (const { kind, text } of texts.flatMap(pieces))
      if (kind === "text") expect(text).not.toMatch(/\*\*|`|^\||^#|\]\(/);
    expect(card.filter(({ kind }) => kind === "table").length).toBeGreaterThan(3);
  });
});
