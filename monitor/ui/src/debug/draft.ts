/** Here is a breakpoint as somebody drafts it in the form, and what one that is set says of itself. */

import type { Breakpoint, BreakpointFields, Flow } from "../contract";
import type { Place } from "../graph/place";

export type Suspend = Breakpoint["suspend"];

export interface Draft {
  condition: string;
  /** Which hits count: ">= 3", "== 5", "% 10". */
  hits: string;
  isOnce: boolean;
  /** Whether it writes a line and holds nothing. */
  isLog: boolean;
  line: string;
  suspend: Suspend;
}

export const EMPTY: Draft = { condition: "", hits: "", isOnce: false, isLog: false, line: "", suspend: "worker" };

export const HOLDS: Readonly<Record<Suspend, string>> = {
  worker: "the process it is in",
  job: "the whole job",
  message: "just the message",
};

/** What can be held there. A message alone is set aside on its way, so it must have one. */
export function suspendsAt(flow: Flow, place: Place): readonly Suspend[] {
  const isOnWay =
    place.kind === "connection" ||
    place.kind === "slot" ||
    (place.kind === "event" && flow.connections.some((wire) => wire.source_routine === place.routine && wire.source_event === place.port));
  return isOnWay ? ["worker", "job", "message"] : ["worker", "job"];
}

/** The fields that say to the monitor which messages, and what becomes of them. */
export function whatOf(draft: Draft): BreakpointFields {
  const { condition, hits, isOnce, isLog, line, suspend } = draft;
  return {
    ...(condition ? { condition } : {}),
    ...(hits ? { hit_condition: hits } : {}),
    ...(isOnce ? { one_shot: true } : {}),
    ...(isLog ? { action: "log", ...(line ? { log_message: line } : {}) } : { suspend }),
  };
}

/** What is special about one that is set, in a few words. */
export function saidOf(point: Breakpoint): string {
  const said = [
    point.action === "log" ? `writes ${point.log_message ?? "the message"}` : point.suspend !== "worker" && `holds ${HOLDS[point.suspend]}`,
    point.hit_condition !== null && `of its hits ${point.hit_condition}`,
    point.one_shot && "once",
    !point.enabled && "off",
  ];
  return said.filter(Boolean).join(", ");
}
