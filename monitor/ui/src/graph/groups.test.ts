import { describe, expect, it } from "vitest";
import type { Flow } from "../contract";
import { boxOf, folded } from "./folded";
import { groupsOf, levelsOf, shortened } from "./groups";

function flowOf(names: readonly string[], links: readonly (readonly [string, string])[] = []): Flow {
  return {
    flow_id: "f",
    routines: Object.fromEntries(names.map((name) => [name, { routine_id: name, slots: ["in"], events: ["out"] }])),
    connections: links.map(([a, b]) => ({ connection_id: `${a}.out->${b}.in`, source_routine: a, source_event: "out", target_routine: b, target_slot: "in" })),
  } as unknown as Flow;
}

const chain = (names: readonly string[]) => names.slice(1).map((name, at) => [names[at] ?? "", name] as const);

describe("groups", () => {
  it.each([
    ["stage-07-1", "stage-07"],
    ["resize12", "resize"],
    ["video.decode", "video"],
    ["alone", ""],
  ])("%s begins with %s", (name, prefix) => expect(shortened(name)).toBe(prefix));

  it("are of routines whose names begin alike", () => {
    const groups = groupsOf(flowOf(["read", "a-1", "a-2", "b-1", "b-2", "b-3"]));
    expect(groups.map((group) => [group.name, group.routines.length])).toEqual([["a", 2], ["b", 3]]);
  });

  it("are not made where names tell nothing and the graph is small", () => {
    expect(groupsOf(flowOf(["read", "square", "write"]))).toEqual([]);
  });

  it("are made of levels where names tell nothing and the graph is large", () => {
    const letters = "abcdefghijklmnopqrst".split("");
    const names = letters.flatMap((a) => letters.map((b) => `${a}${b}x`));
    const groups = groupsOf(flowOf(names, chain(names)));
    expect(groups.length).toBeLessThanOrEqual(40);
    expect(groups.flatMap((group) => group.routines).sort()).toEqual([...names].sort());
  });
});

describe("levels", () => {
  it("count the longest way", () => {
    const levels = levelsOf(flowOf(["a", "b", "c"], [["a", "b"], ["b", "c"], ["a", "c"]]));
    expect([levels.get("a"), levels.get("b"), levels.get("c")]).toEqual([0, 1, 2]);
  });

  it("come to an end where the graph has circles", () => {
    const levels = levelsOf(flowOf(["a", "b", "c"], [["a", "b"], ["b", "c"], ["c", "b"], ["a", "a"]]));
    expect(levels.size).toBe(3);
  });
});

describe("a folded graph", () => {
  const flow = flowOf(["a-1", "a-2", "b", "c"], [["a-1", "a-2"], ["a-1", "b"], ["a-2", "b"], ["b", "c"]]);
  const group = { name: "a", routines: ["a-1", "a-2"] };

  it("has a group in place of its routines, and one wire for all that leave it", () => {
    const shown = folded(flow, [group]);
    expect(shown.routines).toEqual(["b", "c"]);
    expect(shown.wires.map((wire) => [wire.id, wire.connections.length])).toEqual([["group:a.out->b.in", 2], ["b.out->c.in", 1]]);
    expect(boxOf(shown, "a-2")).toBe("group:a");
    expect(boxOf(shown, "b")).toBe("b");
  });

  it("is the flow itself when nothing is closed", () => {
    expect(folded(flow, []).wires.map((wire) => wire.id)).toEqual(flow.connections.map((each) => each.connection_id));
  });
});
