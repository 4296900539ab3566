import { describe, expect, it } from "vitest";
import { Store } from "../store";
import { type RoutineFigures, routineKey, together } from "./figures";
import { FlowFeed, merged } from "./feed";

const ROUTINE = { rate: 5, executions: 10, errors: 0, states: ["idle", "running"], p50: 0.001, p95: null, queues: { text: { depth: 3, usage: 0 } } };
const message = (full: boolean, values: object) => ({ type: "flow_metrics", flow_id: "f", data: { full, values } });
const figures = (store: Store) => store.get<RoutineFigures>(routineKey("f", "words"));

describe("the feed of a flow", () => {
  it("begins with the whole and merges what changes", () => {
    const store = new Store(() => undefined);
    const feed = new FlowFeed("f", store);
    feed.take(message(true, { routines: { words: ROUTINE } }));
    feed.take(message(false, { routines: { words: { executions: 11 } } }));
    expect(figures(store)).toEqual({ state: "running", rate: 5, activations: 11, errors: 0, processes: 2, waiting: { text: 3 }, median: 0.001 });
  });

  it("waits for the whole: what has changed is no figure", () => {
    const store = new Store(() => undefined);
    new FlowFeed("f", store).take(message(false, { routines: { words: { executions: 11 } } }));
    expect(figures(store)).toBeUndefined();
  });

  it("forgets what a null takes away", () => {
    const store = new Store(() => undefined);
    const feed = new FlowFeed("f", store);
    feed.take(message(true, { routines: { words: ROUTINE } }));
    feed.take(message(false, { routines: { words: null } }));
    expect(figures(store)).toBeUndefined();
  });

  it("leaves other flows alone", () => {
    const store = new Store(() => undefined);
    new FlowFeed("other", store).take(message(true, { routines: { words: ROUTINE } }));
    expect(figures(store)).toBeUndefined();
  });

  it("keeps objects that have not changed", () => {
    const before = { a: { x: 1 }, b: { y: 2 } };
    expect(merged(before, { b: { y: 3 } })["a"]).toBe(before.a);
  });

  it("shows the state that needs a look most", () => expect(together(["running", "dead", "idle"])).toBe("dead"));
});
