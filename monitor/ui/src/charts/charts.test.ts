import { describe, expect, it } from "vitest";
import { type RoutineFigures, routineKey } from "../graph/figures";
import { Store } from "../store";
import type { Bar } from "../stream/bars";
import { medianOf, slicesOf } from "./ofTrace";
import { appended, between, sample, type Sample, type Series, seriesKey } from "./series";

const SAMPLE: Sample = { rate: 5, p50: 0.001, p95: 0.002, depth: 3 };
const FIGURES: RoutineFigures = { state: "running", rate: 5, activations: 9, errors: 0, processes: 2, waiting: { text: 1, more: 2 }, median: 0.001, p95: 0.002 };
const bar = (ended: number, part: Partial<Bar> = {}): Bar => ({ job: "j", routine: "a", process: 1, began: ended - 1, ended, duration: 1, count: 1, status: "completed", ...part });

describe("the series of a flow", () => {
  it("has what the feed said last at each sample", () => {
    const store = new Store(() => undefined);
    store.set(routineKey("f", "words"), FIGURES);
    sample(store, "f", ["words", "stopped"], 10);
    store.set(routineKey("f", "words"), { ...FIGURES, rate: 7 });
    sample(store, "f", ["words", "stopped"], 10.5);
    expect(store.get<Series>(seriesKey("f"))).toEqual({ at: [10, 10.5], routines: { words: [SAMPLE, { ...SAMPLE, rate: 7 }] } });
  });

  it("has nothing of a flow that does not run", () => {
    const store = new Store(() => undefined);
    sample(store, "f", ["words"], 1);
    expect(store.get(seriesKey("f"))).toBeUndefined();
  });

  it("is cut to the time of a job", () => {
    const series = { at: [1, 2, 3, 4], routines: { a: [null, SAMPLE, SAMPLE, null] } };
    expect(between(series, 1.5, 3)).toEqual({ at: [2, 3], routines: { a: [SAMPLE, SAMPLE] } });
    expect(between(series, 5, 6).at).toEqual([]);
  });

  it("is bounded", () => {
    let series: Series = { at: [], routines: {} };
    for (let n = 0; n < 50; n += 1) series = appended(series, n, { words: SAMPLE }, 10);
    expect(series.at).toEqual([40, 41, 42, 43, 44, 45, 46, 47, 48, 49]);
    expect(series.routines["words"]).toHaveLength(10);
  });

  it("is broken where nobody has looked for a while, and before a routine was there", () => {
    const first = appended({ at: [], routines: {} }, 1, { a: SAMPLE });
    const then = appended(first, 60, { a: SAMPLE, b: SAMPLE });
    expect(then.at).toEqual([1, 2.5, 60]);
    expect(then.routines).toEqual({ a: [SAMPLE, null, SAMPLE], b: [null, null, SAMPLE] });
  });
});

describe("the slices of a trace", () => {
  it("of nothing are none", () => expect(slicesOf([])).toBeNull());

  it("tell activations a second and what they took", () => {
    const slices = slicesOf([bar(1), bar(1, { count: 3, duration: 6 }), bar(4, { routine: "b" })], 4);
    expect(slices?.at).toEqual([0.5, 1.5, 2.5, 3.5]);
    expect(slices?.rates).toEqual({ a: [0, 4, 0, 0], b: [0, 0, 0, 1] });
    expect(slices?.medians["a"]).toEqual([null, 2, null, null]);
  });

  it("weigh a bar by its activations", () => {
    expect(medianOf([bar(1, { duration: 9 }), bar(2, { duration: 3, count: 3 })])).toBe(1);
    expect(medianOf([])).toBeNull();
  });
});
