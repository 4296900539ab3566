/** Here are the bars of a task stream: what each process has worked on, and when. Instants are Unix seconds. */

import type { ExecutionEvent } from "../contract";
import type { Message } from "../socket";

/** One activation, or several that were told together. */
export interface Bar {
  job: string;
  routine: string;
  /** Its number in its flow. */
  process: number;
  began: number;
  ended: number;
  /** Of them all together. */
  duration: number;
  count: number;
  status: string;
}

/** Older bars make room for newer ones. */
export const MOST = 20_000;

const ENDS = new Set(["routine_completed", "routine_failed"]);

export function barOfEvent(event: ExecutionEvent): Bar | null {
  if (!ENDS.has(event.event_type) || event.duration === null) return null;
  return bar(event.job_id, event.routine_id, event.timestamp, event.duration, event.status, event.data);
}

/** Of what the WebSocket tells of a job; the same activation as `barOfEvent` has from its trace. */
export function barOfMessage(message: Message): Bar | null {
  if (!ENDS.has(message.type)) return null;
  const data = message["data"] as { routine_id?: string; duration?: number; status?: string; process?: number; count?: number };
  if (data.routine_id === undefined || data.duration === undefined) return null;
  return bar(message["job_id"] as string, data.routine_id, message["timestamp"] as string, data.duration, data.status ?? "", data);
}

function bar(job: string, routine: string, timestamp: string, duration: number, status: string, data: { process?: number | null; count?: number | null }): Bar {
  const ended = Date.parse(timestamp) / 1000 + microseconds(timestamp);
  return { job, routine, process: data.process ?? 0, began: ended - duration, ended, duration, count: data.count ?? 1, status };
}

/** What Date.parse lets go of: it knows milliseconds. */
function microseconds(timestamp: string): number {
  return Number(timestamp.slice(23, 26)) / 1e6 || 0;
}

/** The bars that are kept, each once: the newest, in the order in which they ended. */
export class Bars {
  private all: Bar[] = [];
  private readonly known = new Set<string>();
  version = 0;

  constructor(private readonly most = MOST) {}

  get list(): readonly Bar[] {
    return this.all;
  }

  add(found: Iterable<Bar>): void {
    let isSorted = true;
    for (const one of found) {
      const key = keyOf(one);
      if (this.known.has(key)) continue;
      this.known.add(key);
      const last = this.all.at(-1);
      isSorted &&= last === undefined || last.ended <= one.ended;
      this.all.push(one);
      this.version += 1;
    }
    if (!isSorted) this.all.sort((a, b) => a.ended - b.ended);
    // A quarter at a time, so that not each one that comes moves all that are there.
    if (this.all.length > this.most * 1.25) {
      for (const old of this.all.splice(0, this.all.length - this.most)) this.known.delete(keyOf(old));
    }
  }
}

function keyOf({ job, process, routine, ended }: Bar): string {
  return `${job} ${process} ${routine} ${ended}`;
}

export interface Row {
  key: string;
  name: string;
}

/** A process as the monitor lists it. */
export interface Member {
  process: number;
  routine_id: string;
  index: number;
}

/** Every process is a row, whether it has worked or not; what is known only from its work comes by its number. */
export function rowsOf(bars: readonly Bar[], members: readonly Member[]): Row[] {
  const rows = new Map<string, Row>();
  for (const { process, routine_id, index } of members) {
    if (routine_id !== "") rows.set(rowKey(routine_id, process), { key: rowKey(routine_id, process), name: `${routine_id}-${index}` });
  }
  const others = new Map(bars.map((one) => [rowKey(one.routine, one.process), one] as const));
  for (const [key, { routine, process }] of others) {
    if (!rows.has(key)) rows.set(key, { key, name: `${routine} (process ${process})` });
  }
  return [...rows.values()];
}

export function rowKey(routine: string, process: number): string {
  return `${routine}/${process}`;
}

export interface Summary {
  routine: string;
  activations: number;
  failed: number;
  busy: number;
}

/** By routine, what was done in these bars: the busiest first. */
export function summary(bars: readonly Bar[]): Summary[] {
  const found = new Map<string, Summary>();
  for (const { routine, count, status, duration } of bars) {
    const sum = found.get(routine) ?? { routine, activations: 0, failed: 0, busy: 0 };
    found.set(routine, sum);
    sum.activations += count;
    sum.busy += duration;
    if (isFailed(status)) sum.failed += count;
  }
  return [...found.values()].sort((a, b) => b.busy - a.busy);
}

export function isFailed(status: string): boolean {
  return status !== "completed" && status !== "";
}
