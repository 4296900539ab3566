import { describe, expect, it } from "vitest";
import type { ExecutionEvent, Flow } from "./contract";
import { Refused } from "./session";
import { draftOf, faultOf, jobOf, jsonFault, slotsOf } from "./submission";

const routine = (routine_id: string, slots: string[]) => ({ routine_id, slots });
const flow = {
  flow_id: "f",
  routines: { sum: routine("sum", ["item"]), count: routine("count", ["to"]), clock: routine("clock", []) },
  connections: [{ target_routine: "sum" }],
} as unknown as Flow;

const called = (preview: string) => ({ event_type: "slot_called", routine_id: "count", data: { slot_name: "to", preview } }) as ExecutionEvent;

describe("a submission", () => {
  it("is repeated with what the trace shows of the payload", () =>
    expect(draftOf("f", [called('{"n": 5}')])).toEqual({ flow: "f", slot: "count.to", data: '{"n": 5}' }));

  it.each(['{"n": [1, 2, …', "<ndarray float64 (3,)>"])("is repeated without the payload %s", (preview) =>
    expect(draftOf("f", [called(preview)]).data).toBe(""));

  it("of which the trace shows nothing is repeated into the same flow", () => expect(draftOf("f", [])).toEqual({ flow: "f", slot: "", data: "" }));

  it("may go to every slot, the entries first, and to the trigger of a routine without slots", () =>
    expect(slotsOf(flow)).toEqual(["count.to", "clock.trigger", "sum.item"]));

  it("carries what was typed", () =>
    expect(jobOf({ flow: "f", slot: "a.b.to", data: '{"n": 1}' }, "2.5", true)).toEqual({
      post: { flow_id: "f", routine_id: "a.b", slot_name: "to", data: { n: 1 }, timeout: 2.5, start_paused: true },
    }));

  it("without a payload carries null", () =>
    expect(jobOf({ flow: "f", slot: "a.to", data: " " }, "", false)).toMatchObject({ post: { data: null } }));

  it("is not made while a field is wrong", () =>
    expect(Object.keys((jobOf({ flow: "", slot: "", data: "{n: 1}" }, "0", false) as { faults: object }).faults)).toEqual(["flow", "slot", "data", "timeout"]));

  it.each(["", "5", '"x"', "[1, null]"])("takes %j as payload", (text) => expect(jsonFault(text)).toBeNull());
  it.each(["{n: 1}", "'x'", "[1,]"])("says that %j is no JSON", (text) => expect(jsonFault(text)).toMatch(/no JSON/));

  it.each([
    ["FLOW_NOT_FOUND", {}, "flow"],
    ["SLOT_NOT_FOUND", {}, "slot"],
    ["VALIDATION_ERROR", { pointer: "/timeout" }, "timeout"],
    ["VALIDATION_ERROR", { pointer: "/data/x" }, "data"],
    ["VALIDATION_ERROR", {}, "data"],
    ["VALIDATION_ERROR", { pointer: "/metadata" }, ""],
    ["BUSY", {}, ""],
  ])("shows %s %j at the field %j", (code, details, field) =>
    expect(faultOf(new Refused(422, code, "no", details))).toEqual({ [field]: "no" }));
});
