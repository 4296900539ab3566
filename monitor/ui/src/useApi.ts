/** Here is what a view reads from the monitor: asked for at once, then again every so often while it is looked at. */

import { useEffect, useState } from "react";
import { useMonitor } from "./monitor";
import { Refused } from "./session";

export interface Answered<T> {
  data: T | undefined;
  error: Refused | undefined;
  again: () => void;
}

/** What is asked for but once is asked for again, if nobody could answer then. */
const AGAIN_MS = 1000;

export function useApi<T>(path: string | null, everyMs = 0): Answered<T> {
  const { client } = useMonitor();
  const [state, setState] = useState<{ path: string | null; data?: T; error?: Refused }>({ path });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (path === null) return undefined;
    let timer = 0;
    let isWanted = true;
    const ask = async () => {
      let later = everyMs;
      try {
        const data = await client.get<T>(path);
        if (isWanted) setState({ path, data });
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        if (isWanted) setState((before) => ({ ...(before.path === path ? before : { path }), error }));
        if (error.isPassing) later ||= AGAIN_MS;
      }
      if (later > 0 && isWanted) timer = window.setTimeout(() => void ask(), later);
    };
    void ask();
    return () => {
      isWanted = false;
      window.clearTimeout(timer);
    };
  }, [client, path, everyMs, turn]);
  const mine = state.path === path;
  return {
    data: mine ? state.data : undefined,
    error: mine ? state.error : undefined,
    again: () => setTurn((before) => before + 1),
  };
}
