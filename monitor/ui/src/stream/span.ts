/** Here is the span of time that a task stream shows, and how it is moved and widened. Instants are seconds. */

import type { Bar } from "./bars";

export interface Span {
  from: number;
  to: number;
}

/** Nothing is seen closer than a microsecond, nor wider than a month. */
const SHORTEST = 1e-6;
const LONGEST = 31 * 86_400;

/** All of the bars, with a little room at both ends; null if there are none. */
export function whole(bars: readonly Bar[]): Span | null {
  let [from, to] = [Infinity, -Infinity];
  for (const { began, ended } of bars) {
    if (began < from) from = began;
    if (ended > to) to = ended;
  }
  if (from > to) return null;
  const room = Math.max((to - from) * 0.01, SHORTEST);
  return { from: from - room, to: to + room };
}

/** By `factor` narrower (below 1) or wider, so that what is at the instant `around` stays where it is. */
export function zoomed({ from, to }: Span, factor: number, around = (from + to) / 2): Span {
  const wide = to - from;
  const now = Math.min(LONGEST, Math.max(SHORTEST, wide * factor));
  const left = around - ((around - from) / wide) * now;
  return { from: left, to: left + now };
}

/** By a share of its width: negative is earlier. */
export function panned({ from, to }: Span, share: number): Span {
  const by = (to - from) * share;
  return { from: from + by, to: to + by };
}

/** Round instants of the span, about `count`, counted from `zero`. */
export function ticks({ from, to }: Span, zero: number, count = 6): number[] {
  const raw = (to - from) / Math.max(1, count);
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((each) => each * unit).find((each) => each >= raw) ?? raw;
  const first = Math.ceil((from - zero) / step);
  const last = Math.floor((to - zero) / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => zero + (first + at) * step);
}

/** A tick's name: seconds since the beginning, with as many digits as tell it from its neighbours. */
export function tickName(at: number, zero: number, wide: number): string {
  const digits = Math.max(0, Math.min(6, Math.ceil(-Math.log10(wide / 10))));
  const since = at - zero;
  return `${Math.abs(since) < SHORTEST / 2 ? "0" : since.toFixed(digits)} s`;
}
