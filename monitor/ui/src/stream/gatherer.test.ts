import { describe, expect, it } from "vitest";
import type { Client } from "../session";
import { Refused } from "../session";
import type { Line, Message } from "../socket";
import { Gatherer } from "./gatherer";

const at = (n: number) => new Date(1e12 + n * 1000).toISOString().replace("Z", "000+00:00");
const traced = (n: number) => ({ job_id: "j", routine_id: "a", event_type: "routine_completed", timestamp: at(n), duration: 0.5, status: "completed", data: { process: 1 } });
const told = (n: number): Message => ({ type: "routine_completed", job_id: "j", timestamp: at(n), data: { routine_id: "a", duration: 0.5, status: "completed", process: 1 } });

function made(events: number, refuse = false) {
  const asked: string[] = [];
  const followed: string[] = [];
  let tell: (message: Message) => void = () => undefined;
  const client = {
    get: (path: string) => {
      asked.push(path);
      if (refuse) return Promise.reject(new Refused(404, "JOB_NOT_FOUND", "no"));
      const offset = Number(/offset=(\d+)/.exec(path)?.[1] ?? 0);
      const page = Array.from({ length: Math.min(1000, events - offset) }, (_, n) => traced(offset + n));
      return Promise.resolve({ events: page, total: events, dropped: 7 });
    },
  } as unknown as Client;
  const line = {
    follow: ({ job_id }: { job_id: string }) => {
      followed.push(job_id);
      return () => void followed.splice(followed.indexOf(job_id), 1);
    },
  } as unknown as Line;
  const gatherer = new Gatherer({ client, line, hear: (hearer) => ((tell = hearer), () => undefined) });
  return { gatherer, asked, followed, tell: (message: Message) => tell(message) };
}

const done = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("the gatherer", () => {
  it("has what the trace has, and what is told live, each once", async () => {
    const { gatherer, tell } = made(3);
    gatherer.want([{ id: "j", isOver: false }]);
    tell(told(2));
    tell(told(3));
    await done();
    const found = gatherer.news();
    expect(found?.bars).toHaveLength(4);
    expect(found).toMatchObject({ isRead: true, isWhole: false, dropped: 7 });
    expect(gatherer.news()).toBeNull();
  });

  it("reads the newest pages of a long trace", async () => {
    const { gatherer, asked } = made(9000);
    gatherer.want([{ id: "j", isOver: true }]);
    await done();
    expect(asked.map((path) => /offset=(\d+)/.exec(path)?.[1])).toEqual([undefined, "4000", "5000", "6000", "7000", "8000"]);
  });

  it("follows a job until it is over, and then reads its trace once more", async () => {
    const { gatherer, asked, followed } = made(3);
    gatherer.want([{ id: "j", isOver: false }]);
    gatherer.want([{ id: "j", isOver: false }]);
    expect(followed).toEqual(["j"]);
    await done();
    gatherer.want([{ id: "j", isOver: true }]);
    gatherer.want([{ id: "j", isOver: true }]);
    expect(followed).toEqual([]);
    expect(asked).toHaveLength(2);
    await done();
    expect(gatherer.news()).toMatchObject({ isRead: true, isWhole: true });
  });

  it("has what comes between the first reading of a trace and the last", async () => {
    const { gatherer, asked, tell } = made(3);
    gatherer.want([{ id: "j", isOver: false }]);
    await done();
    tell(told(9));
    expect(gatherer.news()?.bars.map((bar) => bar.ended)).toEqual([0, 1, 2, 9].map((n) => 1e9 + n));
    gatherer.want([{ id: "j", isOver: true }]);
    await done();
    expect(gatherer.news()?.bars).toHaveLength(4);
    expect(asked).toHaveLength(2);
  });

  it("forgets a job that is not wanted any more", async () => {
    const { gatherer, followed } = made(3);
    gatherer.want([{ id: "j", isOver: false }]);
    await done();
    gatherer.want([{ id: "k", isOver: false }]);
    await done();
    expect(followed).toEqual(["k"]);
  });

  it("does without a job that was let go of", async () => {
    const { gatherer } = made(3, true);
    gatherer.want([{ id: "j", isOver: true }]);
    await done();
    expect(gatherer.news()).toEqual({ bars: [], isRead: true, isWhole: true, dropped: 0 });
  });
});
