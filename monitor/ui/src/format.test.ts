import { describe, expect, it } from "vitest";
import { bytes, moment, rate, seconds, short } from "./format";

describe("numbers", () => {
  it.each([
    [0, "0"],
    [7, "7"],
    [999, "999"],
    [1000, "1 k"],
    [1234, "1.23 k"],
    [45_678, "45.7 k"],
    [999_700, "1.00 M"],
    [-1500, "−1.50 k"],
  ])("%d is written %s", (value, written) => expect(short(value)).toBe(written));

  it("shows a rate of nothing as a dash", () => expect(rate(0)).toBe("–"));
  it("names the day of an instant that is not of today", () => {
    const noon = new Date(2026, 3, 5, 12, 30, 1).getTime();
    expect(moment(noon / 1000, noon)).toBe("12:30:01");
    expect(moment(noon / 1000, noon + 86_400_000)).toBe("2026-04-05 12:30:01");
  });
  it("writes bytes with their unit", () => expect(bytes(2_500_000)).toBe("2.50 MB"));
  it.each([
    [5e-7, "500 ns"],
    [0.00123, "1.23 ms"],
    [75, "75.0 s"],
    [7300, "2 h 1 min"],
  ])("%d seconds are written %s", (value, written) => expect(seconds(value)).toBe(written));
});
