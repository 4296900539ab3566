import { describe, expect, it } from "vitest";
import type { Flow, Lineage, LineageStep } from "../contract";
import { placeKey } from "./place";
import { placesOf, stepsOf } from "./way";

const flow = {
  flow_id: "f",
  connections: [{ connection_id: "a.out->b.in", source_routine: "a", source_event: "out", target_routine: "b", target_slot: "in" }],
} as unknown as Flow;
const submitted = { message_id: "0", source_routine: null, event_name: null, connection_id: null, target_routine: "a", slot_name: "n", preview: "5" } as LineageStep;
const made = { message_id: "1", source_routine: "a", event_name: "out", connection_id: "a.out->b.in", target_routine: null, slot_name: null, preview: "{'n': 1}" } as LineageStep;
const lineage = { job_id: "j", message: made, ancestors: [submitted], is_whole: true } as Lineage;

describe("the way of a message", () => {
  it("leads back to the submission", () => {
    const steps = stepsOf(flow, [lineage]);
    expect(steps.map((step) => [step.text, step.isSubmission])).toEqual([["a.out → b.in", false], ["submitted → a.n", true]]);
  });

  it("tells a message once that led here by two others", () => {
    expect(stepsOf(flow, [lineage, lineage]).length).toBe(2);
  });

  it("marks what lies on it", () => {
    const marked = new Set(placesOf(flow, stepsOf(flow, [lineage])).map(placeKey));
    expect(marked).toEqual(new Set(["connection a.out->b.in", "routine a", "routine b", "slot a.n"]));
  });
});
