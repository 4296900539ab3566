import { describe, expect, it } from "vitest";
import type { Session } from "../contract";
import { linesOf, merged, MOST } from "./lines";

const at = (second: number) => new Date(second * 1000).toISOString();
const session = (job_id: string, ...seconds: number[]) =>
  ({ job_id, log: seconds.map((second) => ({ timestamp: at(second), breakpoint_id: "b", routine_id: "r", message: `${job_id} ${second}` })) }) as unknown as Session;
const said = (lines: readonly { message: string }[]) => lines.map((line) => line.message);

const written = (...routines: string[]) =>
  ({ job_id: "a", log: routines.map((routine_id, second) => ({ timestamp: at(second), breakpoint_id: "b", routine_id, message: `${routine_id} ${second}` })) }) as unknown as Session;

describe("the lines of log points", () => {
  it("are in the order in which they were written, whatever the job", () =>
    expect(said(merged([], [session("a", 1, 4), session("b", 2)]))).toEqual(["a 1", "b 2", "a 4"]));
  it("stay when their job is over", () => expect(said(merged(merged([], [session("a", 1)]), [session("b", 2)]))).toEqual(["a 1", "b 2"]));
  it("are told once, however often one looks", () => expect(said(merged(merged([], [session("a", 1)]), [session("a", 1, 2)]))).toEqual(["a 1", "a 2"]));
  it("are the newest of many", () => {
    const seconds = Array.from({ length: MOST + 10 }, (_, second) => second);
    expect(said(merged([], [session("a", ...seconds)]))[0]).toBe("a 10");
  });
  it("of one job are those of all its routines, or of one", () => {
    expect(said(linesOf(written("r", "s", "r"), ""))).toEqual(["r 0", "s 1", "r 2"]);
    expect(said(linesOf(written("r", "s", "r"), "r"))).toEqual(["r 0", "r 2"]);
  });
});
