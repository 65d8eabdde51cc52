import { AnalysisState } from "@gen/notreally/v1/analysis_pb";
import { describe, expect, it } from "vitest";

import { after, isAnalysing, isDone, isSending, PICKED, type Happening, type Phase, type Video } from "./video";

const UPLOAD = "uploads/1";
const ANALYSIS = "analyses/1";

const turn: Happening = { kind: "turn" };
const half: Happening = { kind: "committed", upload: UPLOAD, bytes: 50, complete: false };
const whole: Happening = { kind: "committed", upload: UPLOAD, bytes: 100, complete: true };
const pause: Happening = { kind: "pause" };
const resume: Happening = { kind: "resume" };
const created: Happening = { kind: "analysis-created", analysis: ANALYSIS };
const cancel: Happening = { kind: "cancel" };
const state = (value: AnalysisState, message?: string): Happening => ({ kind: "analysis-state", state: value, message });

function story(...happenings: Happening[]): Video {
  return happenings.reduce(after, PICKED);
}

function phases(...happenings: Happening[]): Phase[] {
  let video = PICKED;
  return happenings.map((happening) => (video = after(video, happening)).phase);
}

describe("a video", () => {
  it("goes from the file dialog to its verdict", () => {
    expect(
      phases(
        turn,
        half,
        whole,
        created,
        state(AnalysisState.QUEUED),
        state(AnalysisState.RUNNING),
        state(AnalysisState.SUCCEEDED),
      ),
    ).toEqual(["uploading", "uploading", "accepted", "accepted", "queued", "running", "succeeded"]);
  });

  it("can be paused, and waits for its turn again", () => {
    expect(phases(turn, half, pause, resume, turn)).toEqual(["uploading", "uploading", "paused", "picked", "uploading"]);
    expect(story(turn, half, pause, resume, turn).committed).toBe(50);
  });

  it("stays paused when the last chunk before the pause arrives", () => {
    expect(story(turn, pause, half)).toMatchObject({ phase: "paused", committed: 50 });
  });

  it("is accepted though the chunk that was on its way when it was paused was the last", () => {
    expect(story(turn, half, pause, whole).phase).toBe("accepted");
  });

  it("that waits in line can be paused too", () => {
    expect(phases(pause, turn)).toEqual(["paused", "paused"]);
  });

  it("says what is wrong while it tries, until something arrives", () => {
    const troubled = story(turn, { kind: "trouble", message: "no connection" });
    expect(troubled).toMatchObject({ phase: "uploading", trouble: "no connection" });
    expect(after(troubled, half).trouble).toBeUndefined();
    expect(after(troubled, pause).trouble).toBeUndefined();
  });

  it("says that it is being cancelled, or that it could not be, as long as it is analysed", () => {
    const wanted: Happening = { kind: "cancel-wanted" };
    const cancelling = story(turn, whole, created, wanted, state(AnalysisState.RUNNING));
    expect(cancelling).toMatchObject({ phase: "running", cancelling: true });
    const failed = after(cancelling, { kind: "cancel-failed", message: "in vain" });
    expect(failed).toMatchObject({ phase: "running", cancelling: false, trouble: "in vain" });
    // Progress does not answer what could not be done.
    expect(after(failed, state(AnalysisState.RUNNING)).trouble).toBe("in vain");
    expect(after(failed, wanted)).toMatchObject({ cancelling: true, trouble: undefined });
  });

  it("asks for its file after a reload, and goes on once it has it", () => {
    expect(phases({ kind: "file-missing" }, { kind: "file-found" }, turn)).toEqual(["fileless", "picked", "uploading"]);
  });

  it("that is unsuitable is never sent", () => {
    expect(phases({ kind: "objection", message: "no video" }, turn, half)).toEqual(Array(3).fill("unsuitable"));
  });

  it("may begin to run without ever having waited, and does not go back in line", () => {
    const running = story(turn, whole, created, state(AnalysisState.RUNNING));
    expect(running.phase).toBe("running");
    expect(after(running, state(AnalysisState.QUEUED)).phase).toBe("running");
  });

  it("keeps why it failed", () => {
    const failed = story(turn, whole, created, state(AnalysisState.FAILED, "no picture in it"));
    expect(failed).toMatchObject({ phase: "failed", message: "no picture in it" });
    expect(story(turn, { kind: "refused", message: "too large" })).toMatchObject({ phase: "failed", message: "too large" });
  });

  it("can be cancelled at any time before its end", () => {
    expect(story(cancel).phase).toBe("cancelled");
    expect(story(turn, half, cancel).phase).toBe("cancelled");
    expect(story(turn, whole, created, state(AnalysisState.RUNNING), cancel).phase).toBe("cancelled");
  });

  it.each([AnalysisState.SUCCEEDED, AnalysisState.FAILED, AnalysisState.CANCELLED])("stays ended (%s)", (ending) => {
    const ended = story(turn, whole, created, state(ending));
    for (const late of [turn, half, whole, pause, resume, created, cancel, state(AnalysisState.RUNNING)]) {
      expect(after(ended, late)).toEqual(ended);
    }
  });

  it("is always being sent, being analysed or done, and never two of these", () => {
    const stories = [[], [turn], [turn, pause], [turn, whole], [turn, whole, created, state(AnalysisState.RUNNING)], [cancel]];
    for (const happenings of stories) {
      const video = story(...happenings);
      expect([isSending(video), isAnalysing(video), isDone(video)].filter(Boolean)).toHaveLength(1);
    }
  });
});
