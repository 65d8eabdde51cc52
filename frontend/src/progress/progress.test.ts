import { create } from "@bufbuild/protobuf";
import {
  AnalysisEventSchema,
  AnalysisSchema,
  AnalysisState,
  ModalityState,
  Stage,
  type AnalysisEvent,
} from "@gen/notreally/v1/analysis_pb";
import { Modality } from "@gen/notreally/v1/features_pb";
import { describe, expect, it } from "vitest";

import { lanes, stageLabel } from "./labels";
import { afterEvent, afterRecord, NO_PROGRESS, type Progress } from "./progress";

function event(sequence: number, percent: number, more: Partial<AnalysisEvent> = {}): AnalysisEvent {
  const running = { state: AnalysisState.RUNNING, stage: Stage.ANALYZING_VIDEO };
  return Object.assign(create(AnalysisEventSchema, { sequence: BigInt(sequence), percent, ...running }), more);
}

function story(...events: AnalysisEvent[]): Progress {
  return events.reduce(afterEvent, NO_PROGRESS);
}

describe("progress", () => {
  it("follows the events", () => {
    expect(story(event(1, 3), event(2, 40))).toMatchObject({ sequence: 2n, percent: 40, state: AnalysisState.RUNNING });
  });

  it("never goes back, whatever comes twice or late", () => {
    const now = story(event(1, 3), event(2, 40));
    expect(afterEvent(now, event(2, 10))).toBe(now);
    expect(afterEvent(now, event(1, 3))).toBe(now);
    expect(afterEvent(now, event(3, 39)).percent).toBe(40);
  });

  it("takes a snapshot for what it is: no part of the record", () => {
    const waiting = { state: AnalysisState.QUEUED, stage: Stage.QUEUED, queuePosition: 3 };
    const now = story(event(0, 0, waiting));
    expect(now).toMatchObject({ sequence: 0n, state: AnalysisState.QUEUED, queuePosition: 3 });
    expect(stageLabel(now)).toBe("Number 3 in line");
    expect(afterEvent(now, event(1, 3)).queuePosition).toBeUndefined();
  });

  it("ends once", () => {
    const ended = story(event(1, 3), event(2, 100, { state: AnalysisState.SUCCEEDED, stage: Stage.COMPLETED }));
    expect(afterEvent(ended, event(3, 100))).toBe(ended);
  });

  it("keeps what the modalities said last when the end says nothing of them", () => {
    const lane = { modality: Modality.FACE, state: ModalityState.DONE, fraction: 1, text: "all frames" };
    const now = story(
      Object.assign(event(1, 80), { modalities: create(AnalysisEventSchema, { modalities: [lane] }).modalities }),
      event(2, 100, { state: AnalysisState.SUCCEEDED }),
    );
    expect(now.modalities).toHaveLength(1);
  });

  it("keeps what the container says, which is told once", () => {
    const told = create(AnalysisEventSchema, { metadata: { container: "mp4", durationS: 12 } }).metadata;
    const now = story(event(1, 3, { metadata: told }), event(2, 40));
    expect(now.facts?.durationS).toBe(12);
  });

  it("can be brought up to date from the record", () => {
    const record = create(AnalysisSchema, { state: AnalysisState.FAILED, percent: 12, error: { code: 3, message: "No." } });
    expect(afterRecord(story(event(1, 40)), record)).toMatchObject({ state: AnalysisState.FAILED, percent: 40 });
  });
});

describe("words", () => {
  it.each([
    [{ stage: Stage.QUEUED, queuePosition: undefined }, "Waiting in line"],
    [{ stage: Stage.QUEUED, queuePosition: 1 }, "Next in line"],
    [{ stage: Stage.ANALYZING_AUDIO, queuePosition: undefined }, "Listening to the sound"],
  ])("for %o", (progress, expected) => {
    expect(stageLabel(progress)).toBe(expected);
  });

  it("has a lane for everything looked at, also before the first event", () => {
    expect(lanes([]).map(({ label, text }) => [label, text])).toEqual([
      ["Face", "waiting"],
      ["Sound", "waiting"],
      ["File", "waiting"],
    ]);
  });
});
