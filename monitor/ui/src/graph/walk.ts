/** Here is how the arrow keys walk over the graph: along its wires, and among what lies beside each other. */

import type { Flow } from "../contract";
import type { Place } from "./place";

export type Arrow = "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown";

export function isArrow(key: string): key is Arrow {
  return key === "ArrowLeft" || key === "ArrowRight" || key === "ArrowUp" || key === "ArrowDown";
}

/** Where an arrow leads from a place; null where there is nothing. `order` is the routines as they stand. */
export function walked(flow: Flow, order: readonly string[], from: Place, arrow: Arrow): Place | null {
  switch (arrow) {
    case "ArrowRight":
      return onwards(flow, from);
    case "ArrowLeft":
      return backwards(flow, from);
    case "ArrowDown":
      return beside(flow, order, from, 1);
    case "ArrowUp":
      return beside(flow, order, from, -1);
  }
}

function onwards(flow: Flow, from: Place): Place | null {
  switch (from.kind) {
    case "routine":
      return port(flow, "event", from.routine, 0);
    case "slot":
      return { kind: "routine", routine: from.routine };
    case "event": {
      const wire = flow.connections.find((each) => each.source_routine === from.routine && each.source_event === from.port);
      return wire === undefined ? null : { kind: "connection", id: wire.connection_id };
    }
    case "connection": {
      const wire = wireOf(flow, from.id);
      return wire === undefined ? null : { kind: "slot", routine: wire.target_routine, port: wire.target_slot };
    }
  }
}

function backwards(flow: Flow, from: Place): Place | null {
  switch (from.kind) {
    case "routine":
      return port(flow, "slot", from.routine, 0);
    case "event":
      return { kind: "routine", routine: from.routine };
    case "slot": {
      const wire = flow.connections.find((each) => each.target_routine === from.routine && each.target_slot === from.port);
      return wire === undefined ? null : { kind: "connection", id: wire.connection_id };
    }
    case "connection": {
      const wire = wireOf(flow, from.id);
      return wire === undefined ? null : { kind: "event", routine: wire.source_routine, port: wire.source_event };
    }
  }
}

/** Wires that begin at the same event, ports of the same routine, routines in their order. */
function beside(flow: Flow, order: readonly string[], from: Place, by: 1 | -1): Place | null {
  switch (from.kind) {
    case "routine": {
      const routine = order[order.indexOf(from.routine) + by];
      return routine === undefined ? null : { kind: "routine", routine };
    }
    case "connection": {
      const wire = wireOf(flow, from.id);
      const beside = flow.connections.filter(
        (each) => each.source_routine === wire?.source_routine && each.source_event === wire.source_event,
      );
      const next = beside[beside.findIndex((each) => each.connection_id === from.id) + by];
      return next === undefined ? null : { kind: "connection", id: next.connection_id };
    }
    default: {
      const ports = portsOf(flow, from.kind, from.routine);
      return port(flow, from.kind, from.routine, ports.indexOf(from.port) + by);
    }
  }
}

function port(flow: Flow, kind: "slot" | "event", routine: string, at: number): Place | null {
  const name = portsOf(flow, kind, routine)[at];
  return name === undefined ? null : { kind, routine, port: name };
}

function portsOf(flow: Flow, kind: "slot" | "event", routine: string): readonly string[] {
  const found = flow.routines[routine];
  return (kind === "slot" ? found?.slots : found?.events) ?? [];
}

function wireOf(flow: Flow, id: string) {
  return flow.connections.find((each) => each.connection_id === id);
}
