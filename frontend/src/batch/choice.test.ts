import { AnalysisOrder, AnalysisState, Verdict } from "@gen/notreally/v1/analysis_pb";
import { describe, expect, it } from "vitest";

import { FIRST_CHOICE, requestOf, sortedBy } from "./choice";

describe("what is shown of a batch", () => {
  it("begins with the most suspicious", () => {
    expect(requestOf("batches/1", FIRST_CHOICE, "")).toMatchObject({
      batch: "batches/1",
      order: AnalysisOrder.CHANCE,
      ascending: false,
      states: [],
      verdicts: [],
      reviewed: undefined,
    });
  });

  it("turns round when a column is clicked again, and names begin at A", () => {
    const byName = sortedBy(FIRST_CHOICE, AnalysisOrder.FILENAME);
    expect(byName.ascending).toBe(true);
    expect(sortedBy(byName, AnalysisOrder.FILENAME).ascending).toBe(false);
    expect(sortedBy(byName, AnalysisOrder.LENGTH).ascending).toBe(false);
  });

  it("is narrowed by one filter and a name at a time", () => {
    const fakes = requestOf("batches/1", { ...FIRST_CHOICE, filter: "fake", query: "news" }, "next");
    expect(fakes).toMatchObject({ verdicts: [Verdict.LIKELY_FAKE], query: "news", pageToken: "next" });
    const unseen = requestOf("batches/1", { ...FIRST_CHOICE, filter: "unseen" }, "");
    expect(unseen).toMatchObject({ states: [AnalysisState.SUCCEEDED], reviewed: false });
    expect(requestOf("batches/1", { ...FIRST_CHOICE, filter: "nonsense" }, "").states).toEqual([]);
  });
});
