/**
 * Here are a flow's figures over time: a bounded ring of samples for each flow that somebody looks at, in the
 * page's store. The feed has what is so now; the page remembers what was.
 */

import { type RoutineFigures, routineKey } from "../graph/figures";
import type { Store } from "../store";

/** What is known of one routine at one instant. */
export interface Sample {
  rate: number;
  /** Seconds, of all its activations until then. */
  p50: number | null;
  p95: number | null;
  /** Messages that wait before it. */
  depth: number;
}

/** Instants in Unix seconds, and for each routine its samples; null where it was not known. */
export interface Series {
  at: readonly number[];
  routines: Readonly<Record<string, readonly (Sample | null)[]>>;
}

/** Half a second apart: ten minutes. */
export const MOST = 1200;
export const EVERY_MS = 500;
/** Seconds without a sample, after which the line is broken. */
const GAP = 3;

export const seriesKey = (flow: string) => `series:${flow}`;
const NONE: Series = { at: [], routines: {} };

/** Remember what the store knows of these routines now, unless it knows nothing: then the flow does not run. */
export function sample(store: Store, flow: string, names: readonly string[], now: number): void {
  const samples: Record<string, Sample> = {};
  for (const name of names) {
    const figures = store.get<RoutineFigures>(routineKey(flow, name));
    if (figures !== undefined) samples[name] = sampleOf(figures);
  }
  if (Object.keys(samples).length === 0) return;
  store.update<Series>(seriesKey(flow), (before = NONE) => appended(before, now, samples));
}

function sampleOf({ rate, median, p95, waiting }: RoutineFigures): Sample {
  return { rate, p50: median ?? null, p95: p95 ?? null, depth: Object.values(waiting).reduce((sum, depth) => sum + depth, 0) };
}

export function appended(before: Series, now: number, samples: Readonly<Record<string, Sample>>, most = MOST): Series {
  const last = before.at.at(-1);
  const isBroken = last !== undefined && now - last > GAP;
  const at = [...before.at, ...(isBroken ? [last + GAP / 2] : []), now].slice(-most);
  const names = new Set([...Object.keys(before.routines), ...Object.keys(samples)]);
  const routines = Object.fromEntries(
    [...names].map((name) => {
      const old = before.routines[name] ?? before.at.map(() => null);
      return [name, [...old, ...(isBroken ? [null] : []), samples[name] ?? null].slice(-most)];
    }),
  );
  return { at, routines };
}

/** What was between two instants. */
export function between({ at, routines }: Series, from: number, to: number): Series {
  const first = at.findIndex((each) => each >= from);
  if (first < 0) return NONE;
  const last = at.findLastIndex((each) => each <= to);
  const cut = <T>(values: readonly T[]) => values.slice(first, last + 1);
  return { at: cut(at), routines: Object.fromEntries(Object.entries(routines).map(([name, values]) => [name, cut(values)])) };
}
