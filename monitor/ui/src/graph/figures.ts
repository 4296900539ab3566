/** Here are the figures that move on the graph: of a routine, and of a connection. */

export type State = "idle" | "running" | "held" | "suspect" | "dead" | "starting" | "stopped";
export type Pressure = "low" | "medium" | "high" | "critical";

export interface RoutineFigures {
  state: State;
  rate: number;
  activations: number;
  errors: number;
  processes: number;
  waiting: Readonly<Record<string, number>>;
  /** Of an activation, in seconds. */
  median?: number;
  p95?: number;
}

export interface WireFigures {
  rate: number;
  sent: number;
  depth: number;
  pressure: Pressure;
}

export const routineKey = (flow: string, routine: string) => `routine:${flow}/${routine}`;
export const wireKey = (flow: string, connection: string) => `wire:${flow}/${connection}`;

/** Whether a process of the flow holds something. */
export const heldKey = (flow: string) => `held:${flow}`;

/** Whether the view is so far away that texts cannot be read. */
export const farKey = (flow: string) => `far:${flow}`;

const PRESSURES: readonly Pressure[] = ["critical", "high", "medium", "low"];

/** What several connections are together. */
export function worst(pressures: readonly (Pressure | undefined)[]): Pressure {
  return PRESSURES.find((pressure) => pressures.includes(pressure)) ?? "low";
}

const ORDER: readonly State[] = ["dead", "held", "suspect", "running", "starting", "idle", "stopped"];

/** What several processes of one routine are together: whatever needs a look most. */
export function together(states: readonly State[]): State {
  return ORDER.find((state) => states.includes(state)) ?? "stopped";
}
