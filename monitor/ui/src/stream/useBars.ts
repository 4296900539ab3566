/** Here is how a view has the bars of jobs, as they come. */

import { useEffect, useRef, useState } from "react";
import { useMonitor } from "../monitor";
import { type Gathered, Gatherer, type Job } from "./gatherer";

const SHOWN_EVERY_MS = 250;
const NOTHING: Gathered = { bars: [], isRead: false, isWhole: false, dropped: 0 };

export function useBars(jobs: readonly Job[]): Gathered {
  const { client, line, hear, connection } = useMonitor();
  const [found, setFound] = useState<Gathered>(NOTHING);
  const gatherer = useRef<Gatherer | null>(null);
  useEffect(() => {
    const made = new Gatherer({ client, line, hear });
    gatherer.current = made;
    const timer = window.setInterval(() => setFound((before) => made.news() ?? before), SHOWN_EVERY_MS);
    return () => {
      window.clearInterval(timer);
      made.close();
    };
  }, [client, line, hear]);
  const names = JSON.stringify(jobs);
  // Anew when the monitor is back: what could not be read is read then.
  useEffect(() => gatherer.current?.want(JSON.parse(names) as Job[]), [client, line, hear, names, connection]);
  return found;
}
