/** Here is the way of a message: the messages that led to it, back to the submission, as places of the graph. */

import type { Flow, Lineage, LineageStep } from "../contract";
import type { Place } from "./place";

export interface Step {
  message: string;
  /** Where it went: a connection; the slot or event that is known, if that is not. */
  place: Place | null;
  text: string;
  preview: string;
  isSubmission: boolean;
}

/** The nearest first; a message that led here twice is told once. */
export function stepsOf(flow: Flow, lineages: readonly Lineage[]): readonly Step[] {
  const found = new Map<string, LineageStep>();
  for (const { message } of lineages) found.set(message.message_id, message);
  for (const { ancestors } of lineages) {
    for (const each of ancestors) if (!found.has(each.message_id)) found.set(each.message_id, each);
  }
  return [...found.values()].map((each) => stepOf(flow, each));
}

function stepOf(flow: Flow, step: LineageStep): Step {
  const isSubmission = step.source_routine === null;
  const place = placeOf(flow, step);
  const from = isSubmission ? "submitted" : `${step.source_routine}.${step.event_name ?? ""}`;
  const wire = place?.kind === "connection" ? flow.connections.find((each) => each.connection_id === place.id) : undefined;
  const to = wire ? `${wire.target_routine}.${wire.target_slot}` : step.target_routine === null ? "" : `${step.target_routine}.${step.slot_name ?? ""}`;
  return { message: step.message_id, place, text: to ? `${from} → ${to}` : from, preview: step.preview, isSubmission };
}

function placeOf(flow: Flow, step: LineageStep): Place | null {
  if (flow.connections.some((each) => each.connection_id === step.connection_id)) return { kind: "connection", id: step.connection_id ?? "" };
  if (step.target_routine !== null && step.slot_name !== null) return { kind: "slot", routine: step.target_routine, port: step.slot_name };
  if (step.source_routine !== null && step.event_name !== null) return { kind: "event", routine: step.source_routine, port: step.event_name };
  return null;
}

/** All that is to be marked: the steps' places, and the routines between them. */
export function placesOf(flow: Flow, steps: readonly Step[]): readonly Place[] {
  const found: Place[] = [];
  for (const { place } of steps) {
    if (place === null) continue;
    found.push(place);
    if (place.kind !== "connection") {
      found.push({ kind: "routine", routine: place.routine });
      continue;
    }
    const wire = flow.connections.find((each) => each.connection_id === place.id);
    if (wire !== undefined) found.push({ kind: "routine", routine: wire.source_routine }, { kind: "routine", routine: wire.target_routine });
  }
  return found;
}
