import { afterEach, describe, expect, it, vi } from "vitest";
import { Client, Refused } from "./session";

const answering = (answer: Partial<Response>) => vi.stubGlobal("fetch", () => Promise.resolve({ ok: true, status: 200, statusText: "", ...answer }));
const refusalOf = () => new Client("t").get("/flows").catch((refused: unknown) => refused as Refused);

describe("a request", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("has its answer", async () => {
    answering({ text: () => Promise.resolve('{"flows": []}') });
    expect(await new Client("t").get("/flows")).toEqual({ flows: [] });
  });

  it("whose answer is cut off has met nobody, for the moment", async () => {
    answering({ text: () => Promise.reject(new TypeError("network error")) });
    expect(await refusalOf()).toMatchObject({ status: 0, code: "UNREACHABLE", isPassing: true });
  });

  it("is refused as the monitor says", async () => {
    answering({ ok: false, status: 404, text: () => Promise.resolve('{"error": {"code": "FLOW_NOT_FOUND", "message": "no"}}') });
    expect(await refusalOf()).toMatchObject({ status: 404, code: "FLOW_NOT_FOUND", message: "no", isPassing: false });
  });

  it("that somebody else answers is refused", async () => {
    answering({ ok: false, status: 502, statusText: "Bad Gateway", text: () => Promise.resolve("<html>") });
    expect(await refusalOf()).toMatchObject({ status: 502, code: "NO_JSON", message: "This is no answer of a monitor: Bad Gateway" });
  });
});
