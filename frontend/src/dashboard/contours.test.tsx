import { create } from "@bufbuild/protobuf";
import { FaceContoursSchema } from "@gen/notreally/v1/media_pb";
import { type FaceSeries, FaceSeriesSchema } from "@gen/notreally/v1/series_pb";
import { act, render } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { Playhead, PlayheadProvider } from "@/charts/playhead";

import { boxTrack } from "./boxes";
import { contoursAt, contourTrack, pathOf } from "./contours";
import { FaceBox } from "./FaceBox";

/** Ten frames a second from `start`: a triangle that moves right by 30 a frame drawn, and a dash; as the contract packs them. */
function series(start: number, drawn: number[], frames = 10): FaceSeries {
  return create(FaceSeriesSchema, {
    timesS: Array.from({ length: frames }, (_, frame) => start + frame / 10),
    boxes: Array.from({ length: frames }, () => [0.25, 0.5, 0.2, 0.4]).flat(),
    contours: create(FaceContoursSchema, {
      linePoints: [3, 2],
      lineClosed: [true, false],
      frames: drawn,
      steps: drawn.flatMap((_, index) => [100 + 30 * index, 200, 50, -10, -20, 60, 400, 0, 0, 300]),
    }),
  });
}

const places = (shift: number) => [100, 200, 150, 190, 130, 250, 530, 250, 530, 550].map((place, index) =>
  index % 2 === 0 ? place + shift : place,
);

describe("the face as lines", () => {
  const track = contourTrack([series(2, [0, 2, 4])]);

  it("is unpacked from steps, each frame by itself", () => {
    expect(track.map(({ t }) => t)).toEqual([2, 2.2, 2.4]);
    expect(track.map(({ places }) => places)).toEqual([places(0), places(30), places(60)]);
  });

  it("is at a frame as it was drawn, and between two what lies between", () => {
    expect(contoursAt(track, 2.2)?.places).toEqual(places(30));
    contoursAt(track, 2.05)?.places.forEach((place, index) => expect(place).toBeCloseTo(places(7.5)[index] ?? NaN));
  });

  it("holds for a fifth of a second, and then is gone", () => {
    expect(contoursAt(track, 2.55)?.places).toEqual(places(60));
    expect(contoursAt(track, 2.65)).toBeNull();
    expect(contoursAt(track, 1.85)?.places).toEqual(places(0));
    expect(contoursAt(track, 1.75)).toBeNull();
    expect(contoursAt([], 2)).toBeNull();
  });

  it("is not made up where frames are far from each other", () => {
    const sparse = contourTrack([series(0, [0, 3, 9])]);
    expect(contoursAt(sparse, 0.1)?.places).toEqual(places(0));
    expect(contoursAt(sparse, 0.2)?.places).toEqual(places(30));
    expect(contoursAt(sparse, 0.6)).toBeNull();
  });

  it("goes on from one window to the next", () => {
    const windows = contourTrack([series(0, [0, 9]), series(1, [0])]);
    expect(contoursAt(windows, 0.95)?.places[0]).toBeCloseTo(115);
  });

  it("leaves out what is cut off or was never drawn", () => {
    const cut = series(0, [0, 1]);
    cut.contours?.steps.pop();
    expect(contourTrack([cut])).toHaveLength(1);
    expect(contourTrack([series(0, [0, 99])])).toHaveLength(1);
    expect(contourTrack([create(FaceSeriesSchema, { timesS: [0] })])).toEqual([]);
  });

  it("closes the lines that are closed", () => {
    const [first] = track;
    expect(first && pathOf(first)).toBe("M100.0 200.0 150.0 190.0 130.0 250.0ZM530.0 250.0 530.0 550.0");
  });
});

describe("the mark over the video", () => {
  it("has the lines in the box of the time, and hides both from screen readers", () => {
    const playhead = new Playhead();
    const { container } = render(
      <PlayheadProvider value={playhead}>
        <FaceBox track={boxTrack([series(0, [0, 2])])} />
      </PlayheadProvider>,
    );
    const lines = () => container.querySelector("[data-face-lines]");
    expect(lines()).toBeNull();
    act(() => playhead.moved(0.2));
    expect(lines()?.getAttribute("d")).toMatch(/^M130\.0 200\.0 .*Z/);
    expect(lines()?.closest("svg")?.getAttribute("x")).toBe("25%");
    expect(lines()?.closest("svg")?.getAttribute("height")).toBe("40%");
    expect(container.querySelector("[data-face-box]")?.getAttribute("aria-hidden")).toBe("true");
    act(() => playhead.moved(0.9));
    expect(container.querySelector("[data-face-box] rect")).toBeTruthy();
    expect(lines()).toBeNull();
  });
});
