import { describe, expect, it } from "vitest";
import { remember, remembered } from "./submitted";

function storage(): Storage {
  const values = new Map<string, string>();
  return { getItem: (key: string) => values.get(key) ?? null, setItem: (key: string, value: string) => void values.set(key, value) } as unknown as Storage;
}

const DRAFT = { flow: "f", slot: "count.to", data: "5" };

describe("what was submitted", () => {
  it("is remembered by its job and flow", () => {
    const here = storage();
    remember(here, "job-1", DRAFT);
    expect(remembered(here, "job-1", "f")).toEqual(DRAFT);
    expect(remembered(here, "job-2", "f")).toBeUndefined();
    expect(remembered(here, "job-1", "another runtime's flow")).toBeUndefined();
  });

  it("is bounded in number and in size", () => {
    const here = storage();
    for (let n = 0; n < 100; n += 1) remember(here, `job-${n}`, DRAFT);
    remember(here, "large", { ...DRAFT, data: "1".repeat(100_000) });
    expect(remembered(here, "job-79", "f")).toBeUndefined();
    expect(remembered(here, "job-99", "f")).toEqual(DRAFT);
    expect(remembered(here, "large", "f")).toBeUndefined();
  });
});
