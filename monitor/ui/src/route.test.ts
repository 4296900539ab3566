import { describe, expect, it } from "vitest";
import { href, parse, type Route } from "./route";

const ROUTES: Route[] = [
  { page: "flows" },
  { page: "flow", id: "a/b c" },
  { page: "flow", id: "a", job: "job 1", message: "3:0:7" },
  { page: "jobs", flow: "x&y", status: "running" },
  { page: "jobs", flow: "", status: "" },
  { page: "job", id: "job-1", tab: "trace" },
  { page: "job", id: "50 %", tab: "overview" },
  { page: "processes" },
  { page: "letters" },
];

describe("a route", () => {
  it.each(ROUTES)("%j comes back from its address", (route) => expect(parse(href(route))).toEqual(route));
  it("that is unknown leads to the flows", () => expect(parse("#/nowhere")).toEqual({ page: "flows" }));
});
