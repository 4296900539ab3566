/** Here is how a view remembers a flow's figures over time, while it follows them. */

import { useEffect } from "react";
import { store, useStored } from "../store";
import { EVERY_MS, sample, type Series, seriesKey } from "./series";

export function useSeries(flow: string, routines: readonly string[]): Series | undefined {
  const names = JSON.stringify(routines);
  useEffect(() => {
    const known = JSON.parse(names) as string[];
    const timer = window.setInterval(() => sample(store, flow, known, Date.now() / 1000), EVERY_MS);
    return () => window.clearInterval(timer);
  }, [flow, names]);
  return useStored<Series>(seriesKey(flow));
}
