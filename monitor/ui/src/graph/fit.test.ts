import { describe, expect, it } from "vitest";
import { isToBeFitted } from "./fit";

const whole = { view: [10, 20, 0.8] as [number, number, number], asked: 0 };

describe("the whole graph", () => {
  it("is shown anew while the view is as it was", () => expect(isToBeFitted(whole, { ...whole, view: [10, 20, 0.8] })).toBe(true));
  it.each([
    ["pans", [11, 20, 0.8]],
    ["goes up or down", [10, 19, 0.8]],
    ["zooms", [10, 20, 0.9]],
  ] as [string, [number, number, number]][])("is not shown where somebody %s", (_, view) => expect(isToBeFitted(whole, { view, asked: 0 })).toBe(false));
  it("is shown where somebody asks for it", () => expect(isToBeFitted(whole, { view: [0, 0, 2], asked: 1 })).toBe(true));
});
