/** Here is a job about to be submitted: where it may go, what is wrong with it, and which field an error is about. */

import type { ExecutionEvent, Flow, JobPost } from "./contract";
import type { Draft } from "./route";
import type { Refused } from "./session";

/** The slot of a routine that has none. */
const TRIGGER = "trigger";

export type Field = "flow" | "slot" | "data" | "timeout";

/** What is wrong, by field; under "" what is about none of them. */
export type Faults = Partial<Record<Field | "", string>>;

/** Routines that nothing leads to. */
export function entriesOf(flow: Flow): string[] {
  const fed = new Set(flow.connections.map((wire) => wire.target_routine));
  return Object.keys(flow.routines).filter((name) => !fed.has(name));
}

/** The entries come first. */
export function slotsOf(flow: Flow): string[] {
  const entries = new Set(entriesOf(flow));
  const routines = Object.values(flow.routines).sort((a, b) => Number(entries.has(b.routine_id)) - Number(entries.has(a.routine_id)));
  return routines.flatMap((routine) => (routine.slots.length ? routine.slots : [TRIGGER]).map((slot) => `${routine.routine_id}.${slot}`));
}

/** The form's fields as the monitor wants them, or what is wrong with them. */
export function jobOf(draft: Draft, timeout: string, startPaused: boolean): { post: JobPost } | { faults: Faults } {
  const faults = faultsOf(draft, timeout);
  if (Object.keys(faults).length > 0) return { faults };
  const at = draft.slot.lastIndexOf(".");
  const post = {
    flow_id: draft.flow,
    routine_id: draft.slot.slice(0, at),
    slot_name: draft.slot.slice(at + 1),
    data: draft.data.trim() === "" ? null : (JSON.parse(draft.data) as unknown),
    start_paused: startPaused,
    ...(timeout === "" ? {} : { timeout: Number(timeout) }),
  };
  return { post };
}

/** What can be said without asking the monitor, as somebody types. */
export function faultsOf(draft: Draft, timeout: string): Faults {
  const faults: Faults = {};
  if (draft.flow === "") faults.flow = "Choose a flow.";
  if (draft.slot === "") faults.slot = "Choose a slot.";
  const json = jsonFault(draft.data);
  if (json !== null) faults.data = json;
  if (timeout !== "" && !(Number(timeout) > 0)) faults.timeout = "Seconds, more than 0; leave it empty for no limit.";
  return faults;
}

/** Why it is no JSON; nothing at all stands for null. */
export function jsonFault(text: string): string | null {
  if (text.trim() === "") return null;
  try {
    JSON.parse(text);
    return null;
  } catch (wrong) {
    return `The payload is no JSON: ${(wrong as SyntaxError).message}`;
  }
}

const OF_CODE: Readonly<Record<string, Field>> = {
  FLOW_NOT_FOUND: "flow",
  RUNTIME_SHUTDOWN: "flow",
  ROUTINE_NOT_FOUND: "slot",
  SLOT_NOT_FOUND: "slot",
  BODY_TOO_LARGE: "data",
};
const OF_POINTER: Readonly<Record<string, Field>> = { flow_id: "flow", routine_id: "slot", slot_name: "slot", data: "data", timeout: "timeout" };

/** The monitor's refusal at its field. A payload that its slot's type does not admit is refused without a pointer. */
export function faultOf(refused: Refused): Faults {
  const { pointer } = refused.details;
  const named = typeof pointer === "string" ? OF_POINTER[pointer.split("/")[1] ?? ""] : undefined;
  const field = named ?? OF_CODE[refused.code] ?? (refused.code === "VALIDATION_ERROR" && pointer === undefined ? "data" : "");
  return { [field]: refused.message };
}

/** What an entry was given, as far as these events show: a long payload is cut there, and left out. */
export function draftOf(flow: string, events: readonly ExecutionEvent[]): Draft {
  const given = events.find((event) => event.event_type === "slot_called");
  if (given === undefined) return { flow, slot: "", data: "" };
  const preview = given.data.preview ?? "";
  return { flow, slot: `${given.routine_id}.${given.data.slot_name ?? TRIGGER}`, data: jsonFault(preview) === null ? preview : "" };
}
