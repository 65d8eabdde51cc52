import { readFileSync } from "node:fs";

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Verdict } from "@gen/notreally/v1/analysis_pb";
import { ModelSchema, type VerdictRecordSchema } from "@gen/notreally/v1/classifier_pb";
import { describe, expect, it } from "vitest";

import { nextSteps } from "./nextSteps";
import { worthInWords } from "./worth";

const model = (record?: MessageInitShape<typeof VerdictRecordSchema>, band = { realBelow: 0.2, fakeAbove: 0.9 }) =>
  create(ModelSchema, { version: "1", ...band, record });

const said = (...of: Parameters<typeof worthInWords>) => worthInWords(...of).join(" ");

describe("what a verdict is worth", () => {
  const record = { tested: 467, given: 0.066, wrongFake: 0.062, wrongReal: 0.115, caught: 0.072, missed: 0.0058 };

  it("is how often such a verdict was right, and how often there was none", () => {
    expect(said(Verdict.LIKELY_FAKE, model(record), "face")).toBe(
      "In tests on sources the model had never seen, 94 of 100 such verdicts were right. 93 of 100 videos got no verdict.",
    );
  });

  it("says of likely real what it may miss", () => {
    expect(said(Verdict.LIKELY_REAL, model(record), "face")).toBe(
      "In tests on sources the model had never seen, 89 of 100 such verdicts were right. 93 of 100 videos got no verdict. " +
        "It can miss fakes: 1 of 100 fakes were called likely real.",
    );
  });

  it("says of no verdict that it is no all-clear", () => {
    expect(said(Verdict.INCONCLUSIVE, model(record), "face")).toBe(
      "In tests on sources the model had never seen, 93 of 100 videos got no verdict. " +
        "That is no all-clear: only 7 of 100 fakes were called likely fake.",
    );
  });

  it.each(["wrongFake", "given"] as const)("changes with the figure: %s", (figure) => {
    const before = said(Verdict.LIKELY_FAKE, model(record), "face");
    expect(said(Verdict.LIKELY_FAKE, model({ ...record, [figure]: 0.5 }), "face")).not.toBe(before);
  });

  it("is of the voice where the verdict is", () => {
    const voice = { network: "1", realBelow: 0, fakeAbove: 0.7, record: { wrongFake: 0.25, given: 0.26 } };
    const both = create(ModelSchema, { version: "1", fakeAbove: 0.9, record, voice });
    expect(said(Verdict.LIKELY_FAKE, both, "voice")).toBe(
      "In tests on sources the model had never seen, 75 of 100 such verdicts were right. 74 of 100 recordings got no verdict.",
    );
  });

  it("rounds neither to never nor to always", () => {
    expect(said(Verdict.LIKELY_FAKE, model({ wrongFake: 0.001, given: 0.001 }), "face")).toMatch(
      /more than 99 of 100 such verdicts were right\. more than 99 of 100/,
    );
  });

  it("is not known of a model without a record, and nothing where there is no verdict at all", () => {
    expect(said(Verdict.LIKELY_FAKE, model(), "face")).toMatch(/is not known for this model/);
    expect(said(Verdict.LIKELY_FAKE, model(record, { realBelow: 0, fakeAbove: 1 }), "face")).toMatch(/nowhere right often enough/);
    expect(said(Verdict.INSUFFICIENT, model(record), "face")).toBe("");
  });

  it("has no figure in its source", () => {
    for (const file of ["worth.ts", "VerdictHeader.tsx", "voice.ts", "verdict.ts"]) {
      // "of 100" is how a share is said.
      expect(readFileSync(`src/dashboard/${file}`, "utf8")).not.toMatch(/\b\d+ (?:of|in|times in) 100\b|\d\s?%/);
    }
  });
});

describe("what to do next", () => {
  it("is something for each verdict, on a face and on a voice", () => {
    for (const part of ["face", "voice"] as const) {
      for (const verdict of [Verdict.LIKELY_REAL, Verdict.LIKELY_FAKE, Verdict.INCONCLUSIVE, Verdict.INSUFFICIENT]) {
        expect(nextSteps(verdict, part).length).toBeGreaterThan(1);
      }
    }
    expect(nextSteps(Verdict.UNSPECIFIED, "face")).toEqual([]);
  });

  it("keeps evidence of what is likely fake, and looks for the original otherwise", () => {
    expect(nextSteps(Verdict.LIKELY_FAKE, "face")[0]).toMatch(/^Keep the file/);
    expect(nextSteps(Verdict.INCONCLUSIVE, "face")[0]).toMatch(/^Look for the original/);
  });
});
