import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { AnalysisResultSchema } from "@gen/notreally/v1/analysis_pb";
import { describe, expect, it } from "vitest";

import { canMove, influences } from "./influence";
import { recorded } from "./testdata/recorded";

const usual = [{ feature: "blink_rate_per_min", p05: 8, p95: 31, used: true }];
type Contributions = MessageInitShape<typeof AnalysisResultSchema>["contributions"];

const result = (contributions: Contributions) =>
  create(AnalysisResultSchema, { model: { version: "1", features: usual }, contributions });

const blinking = (value: number, contribution: number) =>
  result([{ feature: "blink_rate_per_min", value, contribution }]);

describe("what a result rests on", () => {
  it.each([
    [12, 1.2, "Blinking: 12 times a minute, within the 8 to 31 usual in real videos. Raised the chance strongly."],
    [12, -0.5, "Blinking: 12 times a minute, within the 8 to 31 usual in real videos. Lowered the chance clearly."],
    [40, -0.1, "Blinking: 40 times a minute, above the 8 to 31 usual in real videos. Lowered the chance a little."],
    [2, 0.1, "Blinking: 2 times a minute, below the 8 to 31 usual in real videos. Raised the chance a little."],
  ])("says where a value lies and what it did, each as it is: %d, %d", (value, contribution, words) => {
    const said = blinking(value, contribution);
    expect(influences("face", said, said.contributions, "en-GB")).toEqual([words]);
  });

  it("leaves out what did nothing, what is missing, and the compression", () => {
    const said = result([
      { feature: "blink_rate_per_min", value: 12, contribution: 0.001 },
      { feature: "face_motion_log_odds", contribution: 2 },
      { feature: "log10_bits_per_pixel", value: -1, contribution: 2 },
    ]);
    expect(influences("face", said, said.contributions)).toEqual([]);
  });

  it("says of a voice without a marked stretch that the average decides", () => {
    const { result: talking } = recorded("talking");
    expect(influences("voice", talking, [])).toEqual([
      "The average over 8 stretches of speech decides. No single one of them stands out as synthesised.",
    ]);
    const { result: fake } = recorded("fake_voice");
    expect(influences("voice", fake, [])).toEqual([
      "The average over 8 stretches of speech decides. 3 of them stand out as synthesised.",
    ]);
  });

  it("goes by what the model uses, and in an older result by what moved", () => {
    const { model, contributions } = blinking(12, 0);
    expect(canMove("blink_rate_per_min", model, contributions[0])).toBe(true);
    expect(canMove("nose_jitter", model, undefined)).toBe(false);
    expect(canMove("voice_log_odds", model, undefined)).toBe(false);
    const old = recorded("talking").result;
    const moved = old.contributions.filter((each) => canMove(each.feature, old.model, each));
    expect(moved.length).toBeGreaterThan(0);
    expect(moved.every(({ contribution }) => contribution !== 0)).toBe(true);
  });
});
