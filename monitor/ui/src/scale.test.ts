import { describe, expect, it } from "vitest";
import { lineThrough, scaled, sightOf } from "./scale";

describe("a picture of numbers", () => {
  it("goes from the least to the greatest", () => expect(scaled([2, 4, 3])).toEqual([0, 1, 0.5]));
  it("is level where all are the same", () => expect(scaled([7, 7])).toEqual([0.5, 0.5]));
  it("has a gap where there is no number", () => {
    expect(lineThrough([0, 1, null, 1, 0], 8, 10)).toBe("M0.0 10.0L2.0 0.0M6.0 0.0L8.0 10.0");
  });
  it("is not drawn of what is masked", () => expect(sightOf([3], "***")).toBeNull());
  it("takes truths for numbers", () => expect(sightOf([2], [true, false])?.values).toEqual([1, 0]));
});
