import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import type { RuntimeItem, Worker, WorkerList } from "../contract";
import { endedFirst, ranFor, workersOf } from "./History";
import { query, took } from "./Jobs";
import { Pages } from "./Pages";
import { newestFlow } from "./StreamPage";

const runtime = (runtime_id: string, started_at: number, is_shutdown = true) => ({ runtime_id, started_at, is_shutdown, ended_at: started_at + 90 }) as RuntimeItem;
const worker = (flow_id: string, runtime_id: string, started_at: number, stopped_at: number | null) => ({ flow_id, runtime_id, started_at, stopped_at }) as Worker;

describe("the history", () => {
  it("has what has ended, the newest first", () =>
    expect(endedFirst([runtime("a", 1), runtime("b", 3), runtime("c", 2, false)]).map((each) => each.runtime_id)).toEqual(["b", "a"]));

  it("tells the flows of a runtime from those of others", () =>
    expect(workersOf(runtime("a", 1), [worker("f", "a", 1, 2), worker("g", "b", 1, 2)]).map((each) => each.flow_id)).toEqual(["f"]));

  it.each([
    [10, 100, "90.0 s"],
    [10, 10, "< 1 s"],
    [10, null, "–"],
  ])("of what began at %d and ended at %s says it ran for %s", (started_at, ended_at, said) => expect(ranFor({ started_at, ended_at })).toBe(said));
});

describe("the list of jobs", () => {
  it("asks for what its address names", () => {
    expect(query({ flow: "", status: "", runtime: "", offset: 0 })).toBe("limit=50&offset=0");
    expect(query({ flow: "a&b", status: "failed", runtime: "r", offset: 50 })).toBe("limit=50&offset=50&flow_id=a%26b&status=failed&runtime_id=r");
  });

  it.each([
    [null, null, "–"],
    [10, 10, "< 1 s"],
    [10, 25, "15 s"],
    [0, 7200, "2 h 0 min"],
  ])("of a job from %s to %s says it took %s", (started_at, completed_at, said) => expect(took({ started_at, completed_at })).toBe(said));
});

describe("pages", () => {
  const shown = (offset: number, count: number, total: number) =>
    renderToStaticMarkup(<Pages offset={offset} shown={count} total={total} size={50} turn={() => undefined} />);

  it("are not turned where there is but one", () => expect(shown(0, 7, 7)).toBe(""));
  it("are turned forward from the first", () => {
    expect(shown(0, 50, 120)).toContain("1–50 of 120");
    expect(shown(0, 50, 120)).toMatch(/disabled="">newer/);
    expect(shown(0, 50, 120)).not.toMatch(/disabled="">older/);
  });
  it("are turned back from the last", () => expect(shown(100, 20, 120)).toMatch(/disabled="">older/));
  it("say so where a link leads beyond the last", () => expect(shown(500, 0, 120)).toContain("none beyond 120"));
});

describe("the task stream", () => {
  const workers = (...found: Worker[]) => ({ workers: found }) as WorkerList;

  it("begins with the flow that runs and was started last", () =>
    expect(newestFlow(workers(worker("old", "r", 1, null), worker("new", "r", 2, null), worker("gone", "r", 3, 4)))).toBe("new"));
  it("begins with the last that ran where none runs", () => expect(newestFlow(workers(worker("a", "r", 1, 2), worker("b", "r", 3, 4)))).toBe("b"));
  it("begins with none where none is known", () => expect(newestFlow(undefined)).toBeUndefined());
});
