import { describe, expect, it } from "vitest";
import type { Breakpoint, Flow } from "../contract";
import { EMPTY, saidOf, suspendsAt, whatOf } from "./draft";

const flow = {
  connections: [{ connection_id: "a.out->b.in", source_routine: "a", source_event: "out", target_routine: "b", target_slot: "in" }],
} as unknown as Flow;

describe("what can be held", () => {
  it.each([
    [{ kind: "connection", id: "a.out->b.in" }, true],
    [{ kind: "slot", routine: "b", port: "in" }, true],
    [{ kind: "event", routine: "a", port: "out" }, true],
    [{ kind: "event", routine: "b", port: "out" }, false], // an output of the flow
    [{ kind: "routine", routine: "b" }, false],
  ] as const)("at %o is a message alone: %s", (place, isSo) => expect(suspendsAt(flow, place).includes("message")).toBe(isSo));
});

describe("a draft", () => {
  it("that nobody has touched holds the process", () => expect(whatOf(EMPTY)).toEqual({ suspend: "worker" }));
  it("that logs holds nothing", () => expect(whatOf({ ...EMPTY, isLog: true, line: "{n}", suspend: "job" })).toEqual({ action: "log", log_message: "{n}" }));
  it("names what has been filled in", () =>
    expect(whatOf({ ...EMPTY, condition: "n > 1", hits: "% 10", isOnce: true })).toEqual({ condition: "n > 1", hit_condition: "% 10", one_shot: true, suspend: "worker" }));
});

describe("a breakpoint", () => {
  const plain = { action: "pause", log_message: null, suspend: "worker", hit_condition: null, one_shot: false, enabled: true } as Breakpoint;
  it("that is as most are says nothing", () => expect(saidOf(plain)).toBe(""));
  it("says what it holds, of which hits, and that it does so once", () =>
    expect(saidOf({ ...plain, suspend: "message", hit_condition: ">= 3", one_shot: true })).toBe("holds just the message, of its hits >= 3, once"));
  it("says that it is off", () => expect(saidOf({ ...plain, one_shot: true, enabled: false })).toBe("once, off"));
  it("says what it writes", () => expect(saidOf({ ...plain, action: "log", log_message: "{n}" })).toBe("writes {n}"));
});
