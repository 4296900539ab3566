import { describe, expect, it } from "vitest";
import { href, parse, type Route, toJob, toJobs } from "./route";

const ROUTES: Route[] = [
  { page: "flows" },
  { page: "flow", id: "a/b c" },
  { page: "flow", id: "a", job: "job 1", message: "3:0:7" },
  { page: "jobs", flow: "x&y", status: "running", runtime: "r 1", offset: 50 },
  { page: "jobs", flow: "", status: "", runtime: "", offset: 0 },
  { page: "job", id: "job-1", tab: "trace", routine: "", level: "" },
  { page: "job", id: "job-1", tab: "logs", routine: "a&b", level: "ERROR" },
  { page: "job", id: "50 %", tab: "overview", routine: "", level: "" },
  { page: "submit", flow: "f", slot: "count.to", data: '{"n": "a?b#c/d"}' },
  { page: "stream", flow: "f", job: "job-1" },
  { page: "processes" },
  { page: "letters" },
  { page: "history" },
  { page: "runtime", id: "1234-abc" },
];

describe("a route", () => {
  it.each(ROUTES)("%j comes back from its address", (route) => expect(parse(href(route))).toEqual(route));
  it("that is unknown leads to the flows", () => expect(parse("#/nowhere")).toEqual({ page: "flows" }));
  it("is found although its address is no encoding", () => expect(parse("#/flows/50%")).toEqual({ page: "flow", id: "50%" }));
  it.each(["-1", "1e9", "no"])("begins with the first job where the offset is %s", (offset) =>
    expect(parse(`#/jobs?offset=${offset}`)).toMatchObject({ offset: 0 }));
  it("to jobs and to a job is short", () => {
    expect(toJobs({ flow: "f" })).toBe("#/jobs?flow=f");
    expect(toJob("j", "trace")).toBe("#/jobs/j/trace");
  });
});
