import { expect, test } from "vitest";

import { Glance } from "./glance";

const picture = (lightness: number, noise = 0) =>
  Float32Array.from({ length: 64 }, (_, index) => lightness + noise * Math.sin(index * 7 + noise));

test("a picture is black or frozen only once it has been so for some seconds", () => {
  const dark = new Glance();
  expect([1, 2, 3, 4].map((noise) => dark.judge(picture(3, noise)))).toEqual([undefined, undefined, undefined, "black"]);
  expect(dark.judge(picture(120))).toBeUndefined();
  const still = new Glance();
  const seen = [1, 2, 3, 4, 5].map(() => still.judge(picture(120)));
  expect(seen).toEqual([undefined, undefined, undefined, undefined, "frozen"]);
  expect(still.judge(picture(125))).toBeUndefined();
});

test("what moves is neither", () => {
  const glance = new Glance();
  expect([1, 2, 3, 4, 5, 6, 7].map((noise) => glance.judge(picture(120, noise)))).toEqual(Array(7).fill(undefined));
});
