import { AnalysisState } from "@gen/notreally/v1/analysis_pb";
import { describe, expect, it } from "vitest";

import { choose, currentToken, filterOf, FIRST_PAGE, newer, older } from "./pages";

describe("the history", () => {
  it("shows everything unless told otherwise", () => {
    expect(filterOf(null).states).toEqual([]);
    expect(filterOf("nonsense").key).toBe("all");
    expect(filterOf("done").states).toEqual([AnalysisState.SUCCEEDED]);
  });

  it("finds its way back through its pages", () => {
    const third = older(older(FIRST_PAGE, "two"), "three");
    expect(currentToken(third)).toBe("three");
    expect(currentToken(newer(third))).toBe("two");
    expect(newer(newer(newer(third)))).toEqual(FIRST_PAGE);
    expect(older(FIRST_PAGE, "")).toBe(FIRST_PAGE);
  });

  it("lets one choose two, and drops the earlier for a third", () => {
    expect(choose(choose([], "a"), "b")).toEqual(["a", "b"]);
    expect(choose(["a", "b"], "c")).toEqual(["b", "c"]);
    expect(choose(["a", "b"], "a")).toEqual(["b"]);
  });
});
