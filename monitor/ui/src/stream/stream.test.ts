import { describe, expect, it } from "vitest";
import type { ExecutionEvent } from "../contract";
import { type Bar, barOfEvent, barOfMessage, Bars, rowsOf, summary } from "./bars";
import { panned, tickName, ticks, whole, zoomed } from "./span";

const AT = "2026-01-01T00:00:10.250123+00:00";
const event = (part: object) =>
  ({ job_id: "j", routine_id: "square", event_type: "routine_completed", timestamp: AT, duration: 0.25, status: "completed", data: { process: 2 }, ...part }) as ExecutionEvent;
const bar = (ended: number, part: Partial<Bar> = {}): Bar => ({ job: "j", routine: "a", process: 1, began: ended - 1, ended, duration: 1, count: 1, status: "completed", ...part });

describe("a bar", () => {
  it("is the same from the trace and from the WebSocket", () => {
    const told = { type: "routine_completed", job_id: "j", timestamp: AT, data: { routine_id: "square", duration: 0.25, status: "completed", process: 2 } };
    expect(barOfMessage(told)).toEqual(barOfEvent(event({})));
  });

  it("keeps the microseconds of its end", () => expect((barOfEvent(event({}))?.ended ?? 0) % 1).toBeCloseTo(0.250123, 6));
  it.each(["event_emitted", "job_started"])("is not made of %s", (event_type) => expect(barOfEvent(event({ event_type }))).toBeNull());
});

describe("the bars", () => {
  it("hold each once, in the order in which they ended", () => {
    const bars = new Bars();
    bars.add([bar(3), bar(1)]);
    bars.add([bar(2), bar(3)]);
    expect(bars.list.map((one) => one.ended)).toEqual([1, 2, 3]);
  });

  it("let go of the oldest", () => {
    const bars = new Bars(8);
    for (let n = 0; n < 100; n += 1) bars.add([bar(n)]);
    expect(bars.list.length).toBeLessThanOrEqual(10);
    expect(bars.list.at(-1)?.ended).toBe(99);
  });

  it("have a row for each process, also for one that has not worked", () => {
    const members = [{ process: 0, routine_id: "", index: 0 }, { process: 1, routine_id: "a", index: 0 }, { process: 2, routine_id: "b", index: 0 }];
    expect(rowsOf([bar(1), bar(2, { process: 7 })], members).map((row) => row.name)).toEqual(["a-0", "b-0", "a (process 7)"]);
  });

  it("are summed up by routine, the busiest first", () => {
    const found = summary([bar(1), bar(2, { count: 3, status: "failed" }), bar(3, { routine: "b", duration: 9 })]);
    expect(found).toEqual([
      { routine: "b", activations: 1, failed: 0, busy: 9 },
      { routine: "a", activations: 4, failed: 3, busy: 2 },
    ]);
  });
});

describe("the span", () => {
  it("of nothing is none", () => expect(whole([])).toBeNull());
  it("of all has all in it", () => {
    const span = whole([bar(5), bar(2)]);
    expect(span?.from).toBeLessThan(1);
    expect(span?.to).toBeGreaterThan(5);
  });
  it("is zoomed around an instant that stays where it is", () => {
    const span = zoomed({ from: 0, to: 10 }, 0.5, 2);
    expect([span.from, span.to]).toEqual([1, 6]);
  });
  it("comes back when it is zoomed in and out", () => expect(zoomed(zoomed({ from: 3, to: 5 }, 0.25), 4)).toEqual({ from: 3, to: 5 }));
  it("is never empty", () => expect(zoomed({ from: 0, to: 1e-6 }, 1e-9).to).toBeGreaterThan(0));
  it("is panned by a share of itself", () => expect(panned({ from: 0, to: 10 }, -0.5)).toEqual({ from: -5, to: 5 }));
  it("has round ticks", () => expect(ticks({ from: 100.2, to: 105.9 }, 100, 5)).toEqual([102, 104]));
  it.each([
    [100, 10, "0 s"],
    [102, 10, "2 s"],
    [100.25, 0.1, "0.25 s"],
  ])("names the tick at %d, %d seconds wide, %s", (at, wide, name) => expect(tickName(at, 100, wide)).toBe(name));
});
