import { describe, expect, it } from "vitest";
import type { Breakpoint, Flow, Hold } from "../contract";
import { fieldsOf, type Place, placeKey, placeOfBreakpoint, placeOfHold } from "./place";

const flow = {
  flow_id: "f",
  connections: [{ connection_id: "a.out->b.in", source_routine: "a", source_event: "out", target_routine: "b", target_slot: "in" }],
} as unknown as Flow;

const places: Place[] = [
  { kind: "routine", routine: "a" },
  { kind: "slot", routine: "b", port: "in" },
  { kind: "event", routine: "a", port: "out" },
  { kind: "connection", id: "a.out->b.in" },
];

describe("a place", () => {
  it.each(places)("$kind is found again from its breakpoint", (place) => {
    expect(placeOfBreakpoint(flow, fieldsOf(flow, place) as Breakpoint)).toEqual(place);
  });

  it("has a key of its own", () => expect(new Set(places.map(placeKey)).size).toBe(places.length));

  it("of a held message is the connection on which it is held", () => {
    const hold = { type: "connection", routine_id: "a", connection_id: "a.out->b.in", event_name: "out", slot_name: "in" };
    expect(placeOfHold(hold as Hold)).toEqual(places[3]);
  });

  it("of a failed activation is its routine", () => {
    const hold = { type: "error", routine_id: "b", connection_id: null, event_name: null, slot_name: null };
    expect(placeOfHold(hold as Hold)).toEqual({ kind: "routine", routine: "b" });
  });
});
