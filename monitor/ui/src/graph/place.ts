/** Here is a place of a graph, that can be chosen, where a breakpoint can stand and a message be held. */

import type { Breakpoint, BreakpointFields, Flow, Hold } from "../contract";

export type Place =
  | { kind: "routine"; routine: string }
  | { kind: "slot" | "event"; routine: string; port: string }
  | { kind: "connection"; id: string };

/** What is marked there: that there is a breakpoint, that something is held. */
export interface Mark {
  isBreak: boolean;
  isHeld: boolean;
}

export function placeKey(place: Place): string {
  switch (place.kind) {
    case "routine":
      return `routine ${place.routine}`;
    case "connection":
      return `connection ${place.id}`;
    default:
      return `${place.kind} ${place.routine}.${place.port}`;
  }
}

/** What is marked anywhere in a routine, or on what it emits. */
export interface Inside {
  breaks: number;
  isHeld: boolean;
}

export const insideKey = (flow: string, routine: string) => `inside:${flow}/${routine}`;

/** Whether the way of a message that somebody follows leads over a place. */
export const wayKey = (flow: string, place: Place) => `way:${flow}/${placeKey(place)}`;

export const markKey = (flow: string, place: Place) => `mark:${flow}/${placeKey(place)}`;

/** The fields that say to the monitor where. */
export function fieldsOf(flow: Flow, place: Place): BreakpointFields {
  switch (place.kind) {
    case "routine":
      return { type: "routine", routine_id: place.routine };
    case "slot":
      return { type: "slot", routine_id: place.routine, slot_name: place.port };
    case "event":
      return { type: "event", routine_id: place.routine, event_name: place.port };
    case "connection": {
      const wire = flow.connections.find((each) => each.connection_id === place.id);
      return {
        type: "connection",
        source_routine_id: wire?.source_routine ?? null,
        source_event_name: wire?.source_event ?? null,
        target_routine_id: wire?.target_routine ?? null,
        target_slot_name: wire?.target_slot ?? null,
      };
    }
  }
}

/** The routine to which a place belongs; of a connection the one that emits. */
export function routineOf(flow: Flow, place: Place): string | undefined {
  if (place.kind !== "connection") return place.routine;
  return flow.connections.find((each) => each.connection_id === place.id)?.source_routine;
}

export function placeOfBreakpoint(flow: Flow, point: Breakpoint): Place | null {
  if (point.type === "connection") {
    const wire = flow.connections.find(
      (each) =>
        each.source_routine === point.source_routine_id &&
        each.source_event === point.source_event_name &&
        each.target_routine === point.target_routine_id &&
        each.target_slot === point.target_slot_name,
    );
    return wire ? { kind: "connection", id: wire.connection_id } : null;
  }
  return placeOf(point.type, point.routine_id, point.type === "slot" ? point.slot_name : point.event_name);
}

export function placeOfHold(hold: Hold): Place | null {
  if (hold.type === "connection" && hold.connection_id !== null) return { kind: "connection", id: hold.connection_id };
  return placeOf(hold.type, hold.routine_id, hold.type === "slot" ? hold.slot_name : hold.event_name);
}

function placeOf(type: string, routine: string | null, port: string | null): Place | null {
  if (routine === null) return null;
  if ((type === "slot" || type === "event") && port !== null) return { kind: type, routine, port };
  return { kind: "routine", routine };
}
