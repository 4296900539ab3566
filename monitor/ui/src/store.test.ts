import { describe, expect, it, vi } from "vitest";
import { Store } from "./store";

function stepped() {
  const due: (() => void)[] = [];
  return { store: new Store((callback) => due.push(callback)), frame: () => due.splice(0).forEach((call) => call()) };
}

describe("the store", () => {
  it("tells a listener once a frame, however often a value changes", () => {
    const { store, frame } = stepped();
    const listener = vi.fn();
    store.subscribe("a", listener);
    for (let n = 0; n < 100; n += 1) store.set("a", n);
    expect(listener).not.toHaveBeenCalled();
    frame();
    expect(listener).toHaveBeenCalledTimes(1);
    expect(store.get("a")).toBe(99);
  });

  it("tells nobody of other keys, nor of a value that is the same", () => {
    const { store, frame } = stepped();
    const listener = vi.fn();
    store.set("a", 1);
    frame();
    store.subscribe("a", listener);
    store.set("b", 1);
    store.set("a", 1);
    frame();
    expect(listener).not.toHaveBeenCalled();
  });

  it("forgets a listener that has gone", () => {
    const { store, frame } = stepped();
    const listener = vi.fn();
    store.subscribe("a", listener)();
    store.set("a", 2);
    frame();
    expect(listener).not.toHaveBeenCalled();
  });
});
