/** Here is what a trace tells of a job over time, after its end: rates and durations in slices of equal length. */

import type { Bar } from "../stream/bars";

export interface Slices {
  /** The middle of each, in Unix seconds. */
  at: readonly number[];
  /** Activations a second, by routine. */
  rates: Readonly<Record<string, readonly number[]>>;
  /** Seconds that an activation took in the median; null where there was none. */
  medians: Readonly<Record<string, readonly (number | null)[]>>;
}

const SLICES = 60;

export function slicesOf(bars: readonly Bar[], count = SLICES): Slices | null {
  const began = Math.min(...bars.map((bar) => bar.began));
  const ended = Math.max(...bars.map((bar) => bar.ended));
  if (!(ended > began)) return null;
  const wide = (ended - began) / count;
  const places = Array.from({ length: count }, (_, at) => at);
  const found = new Map<string, Bar[][]>();
  for (const bar of bars) {
    const slices = found.get(bar.routine) ?? places.map(() => []);
    found.set(bar.routine, slices);
    slices[Math.min(count - 1, Math.floor((bar.ended - began) / wide))]?.push(bar);
  }
  const each = <T>(make: (slice: readonly Bar[]) => T) => Object.fromEntries([...found].map(([name, slices]) => [name, slices.map(make)]));
  return {
    at: places.map((at) => began + (at + 0.5) * wide),
    rates: each((slice) => slice.reduce((sum, bar) => sum + bar.count, 0) / wide),
    medians: each(medianOf),
  };
}

/** Bars of several activations count as often as they have some, each with their average. */
export function medianOf(bars: readonly Bar[]): number | null {
  const sorted = bars.map(({ duration, count }) => ({ took: duration / count, count })).sort((a, b) => a.took - b.took);
  const half = sorted.reduce((sum, { count }) => sum + count, 0) / 2;
  let passed = 0;
  for (const { took, count } of sorted) {
    passed += count;
    if (passed >= half) return took;
  }
  return null;
}
