/** Here is the rate of what is chosen, over the last minute, as a small line. */

import { useEffect, useState } from "react";
import { rate } from "../format";
import { lineThrough } from "../scale";
import { store } from "../store";

const EVERY_MS = 500;
const MOST = 120;
const WIDTH = 240;
const HEIGHT = 30;

export function Trail({ of }: { of: string }) {
  const [rates, setRates] = useState<readonly number[]>([]);
  useEffect(() => {
    setRates([]);
    const look = () => setRates((before) => [...before, store.get<{ rate: number }>(of)?.rate ?? 0].slice(-MOST));
    const timer = window.setInterval(look, EVERY_MS);
    return () => window.clearInterval(timer);
  }, [of]);
  if (rates.length < 2) return null;
  const [least, greatest] = [Math.min(...rates), Math.max(...rates)];
  const label = `rate since you look: ${rate(least)} to ${rate(greatest)}`;
  return (
    <figure className="trail">
      <svg className="spark" viewBox={`-2 -2 ${WIDTH + 4} ${HEIGHT + 4}`} width="100%" height={HEIGHT + 4} preserveAspectRatio="none" role="img" aria-label={label}>
        <path d={lineThrough(rates, WIDTH, HEIGHT)} />
      </svg>
      <figcaption className="faint">{label}</figcaption>
    </figure>
  );
}
