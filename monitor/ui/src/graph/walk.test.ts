import { describe, expect, it } from "vitest";
import type { Flow } from "../contract";
import { type Place, placeKey } from "./place";
import { type Arrow, walked } from "./walk";

const wire = (a: string, b: string, slot: string) => ({
  connection_id: `${a}.out->${b}.${slot}`, source_routine: a, source_event: "out", target_routine: b, target_slot: slot,
});
const flow = {
  flow_id: "f",
  routines: { a: { slots: [], events: ["out"] }, b: { slots: ["in"], events: [] }, c: { slots: ["x", "y"], events: [] } },
  connections: [wire("a", "b", "in"), wire("a", "c", "y")],
} as unknown as Flow;

function walk(from: Place, ...arrows: Arrow[]): string {
  let at: Place | null = from;
  for (const arrow of arrows) at = at && walked(flow, ["a", "b", "c"], at, arrow);
  return at === null ? "nowhere" : placeKey(at);
}

describe("the arrow keys", () => {
  it("lead along a wire to the routine at its end", () => {
    const [right] = ["ArrowRight"] as const;
    expect(walk({ kind: "routine", routine: "a" }, right, right, right, right)).toBe("routine b");
  });

  it("lead back the same way", () => {
    const [left] = ["ArrowLeft"] as const;
    expect(walk({ kind: "routine", routine: "b" }, left, left, left, left)).toBe("routine a");
  });

  it("change between the wires of an event, the ports of a routine, and routines", () => {
    expect(walk({ kind: "connection", id: "a.out->b.in" }, "ArrowDown")).toBe("connection a.out->c.y");
    expect(walk({ kind: "slot", routine: "c", port: "x" }, "ArrowDown")).toBe("slot c.y");
    expect(walk({ kind: "routine", routine: "b" }, "ArrowUp")).toBe("routine a");
  });

  it("stop where there is nothing", () => {
    expect(walk({ kind: "routine", routine: "b" }, "ArrowRight")).toBe("nowhere");
    expect(walk({ kind: "slot", routine: "c", port: "y" }, "ArrowDown")).toBe("nowhere");
  });
});
