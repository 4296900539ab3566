/** Here is how a flow's figures come in: the whole once, then what has changed; a null takes away. */

import type { Message } from "../socket";
import type { Store } from "../store";
import { heldKey, type Pressure, type RoutineFigures, routineKey, type State, together, type WireFigures, wireKey } from "./figures";

type Plain = { [name: string]: unknown };

interface Routine {
  rate: number;
  executions: number;
  errors: number;
  states: State[];
  p50: number | null;
  p95: number | null;
  queues: { [slot: string]: { depth: number; usage: number } };
}

interface Wire {
  rate: number;
  sent: number;
  depth: number;
  pressure: Pressure;
}

/** `before` with the changes merged in; what has not changed stays the same object. */
export function merged(before: Plain, changes: Plain): Plain {
  const after = { ...before };
  for (const [name, value] of Object.entries(changes)) {
    const old = after[name];
    if (value === null) delete after[name];
    else if (isPlain(value) && isPlain(old)) after[name] = merged(old, value);
    else after[name] = value;
  }
  return after;
}

function isPlain(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export class FlowFeed {
  private values: Plain | null = null;

  constructor(
    private readonly flow: string,
    private readonly store: Store,
  ) {}

  take(message: Message): void {
    if (message.type !== "flow_metrics" || message["flow_id"] !== this.flow) return;
    const { full, values } = message["data"] as { full: boolean; values: Plain };
    if (!full && this.values === null) return; // it is for who has looked before
    const before = this.values ?? {};
    const now = full ? values : merged(before, values);
    this.values = now;
    this.show("routines", before, now, (name, routine) => this.store.set(routineKey(this.flow, name), ofRoutine(routine as Routine)));
    const routines = Object.values((now["routines"] ?? {}) as { [name: string]: Routine });
    this.store.set(heldKey(this.flow), routines.some((routine) => routine.states?.includes("held")));
    this.show("connections", before, now, (name, wire) => this.store.set(wireKey(this.flow, name), ofWire(wire as Wire)));
  }

  private show(part: string, before: Plain, after: Plain, set: (name: string, value: unknown) => void): void {
    const [old, now] = [(before[part] ?? {}) as Plain, (after[part] ?? {}) as Plain];
    for (const [name, value] of Object.entries(now)) if (old[name] !== value) set(name, value);
    for (const name of Object.keys(old)) {
      if (!(name in now)) this.store.set(part === "routines" ? routineKey(this.flow, name) : wireKey(this.flow, name), undefined);
    }
  }
}

function ofRoutine(routine: Routine): RoutineFigures {
  const waiting = Object.entries(routine.queues ?? {}).map(([slot, queue]) => [slot, queue.depth] as const);
  return {
    state: together(routine.states ?? []),
    rate: routine.rate,
    activations: routine.executions,
    errors: routine.errors,
    processes: (routine.states ?? []).length,
    waiting: Object.fromEntries(waiting),
    ...(routine.p50 == null ? {} : { median: routine.p50 }),
    ...(routine.p95 == null ? {} : { p95: routine.p95 }),
  };
}

function ofWire({ rate, sent, depth, pressure }: Wire): WireFigures {
  return { rate, sent, depth, pressure };
}
