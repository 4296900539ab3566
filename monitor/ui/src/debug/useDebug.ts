/** Here is what the page knows of the debugging of a flow: its breakpoints, what is held, and the marks of both. */

import { useEffect, useRef, useState } from "react";
import type { Breakpoint, BreakpointList, Flow, Hold, Job, Session } from "../contract";
import { heldKey } from "../graph/figures";
import { fieldsOf, type Inside, insideKey, markKey, type Mark, type Place, placeKey, placeOfBreakpoint, placeOfHold, routineOf } from "../graph/place";
import { useMonitor } from "../monitor";
import { Refused } from "../session";
import { store, useStored } from "../store";
import { useApi } from "../useApi";
import { type Line, merged } from "./lines";

/** A held message, and the job that it is of. */
export interface Held {
  job: string;
  hold: Hold;
}

/** Two runtimes may run the same flow, and each counts its holds. */
export function heldName(held: Held | undefined): string {
  return held === undefined ? "" : `${held.job} ${held.hold.hold_id}`;
}

export interface Debugging {
  breakpoints: readonly Breakpoint[];
  held: readonly Held[];
  /** What log points have written while the page looked, the newest last. */
  lines: readonly Line[];
  again: () => void;
  /** Set a breakpoint at a place, or take away those that are there. */
  toggle: (place: Place) => void;
  /** Why the last of that was not possible. */
  error: Refused | null;
}

const EVERY_MS = 500;

export function useDebug(flow: Flow, jobs: readonly Job[], isRunning: boolean): Debugging {
  const path = `/flows/${encodeURIComponent(flow.flow_id)}/breakpoints`;
  const list = useApi<BreakpointList>(isRunning ? path : null, 1000);
  const breakpoints = list.data?.breakpoints ?? [];
  const isHolding = useStored<boolean>(heldKey(flow.flow_id)) ?? false;
  const active = jobs.filter((job) => job.completed_at === null).map((job) => job.job_id);
  const { held, lines, look } = useHeld(breakpoints.length > 0 || isHolding ? active : []);
  useMarks(flow, breakpoints, held);
  const again = () => {
    list.again();
    look();
  };
  const { toggle, error } = useToggle(flow, path, again);
  return { breakpoints, held, lines, again, toggle, error };
}

export function pointsAt(flow: Flow, place: Place, breakpoints: readonly Breakpoint[]): Breakpoint[] {
  return breakpoints.filter((point) => {
    const of = placeOfBreakpoint(flow, point);
    return of !== null && placeKey(of) === placeKey(place);
  });
}

/** One after the other, and by what is set then: the list that is shown may not have the last of it yet. */
function useToggle(flow: Flow, path: string, again: () => void): { toggle: (place: Place) => void; error: Refused | null } {
  const { client, role } = useMonitor();
  const [error, setError] = useState<Refused | null>(null);
  const last = useRef(Promise.resolve());
  const toggle = async (place: Place) => {
    try {
      const { breakpoints } = await client.get<BreakpointList>(path);
      const here = pointsAt(flow, place, breakpoints);
      if (here.length === 0) await client.post(path, fieldsOf(flow, place));
      for (const point of here) await client.delete(`${path}/${encodeURIComponent(point.breakpoint_id)}`);
      setError(null);
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      setError(refused);
    }
    again();
  };
  return {
    toggle: (place) => {
      if (role !== "view") last.current = last.current.finally(() => toggle(place));
    },
    error,
  };
}

interface Looked {
  held: readonly Held[];
  lines: readonly Line[];
  /** Look again, now. */
  look: () => void;
}

/** What is held of these jobs, and written of them. To ask keeps their sessions alive while somebody looks. */
function useHeld(jobs: readonly string[]): Looked {
  const { client } = useMonitor();
  const [held, setHeld] = useState<readonly Held[]>([]);
  const [lines, setLines] = useState<readonly Line[]>([]);
  const [turn, setTurn] = useState(0);
  const names = JSON.stringify(jobs);
  useEffect(() => {
    let timer = 0;
    let isWanted = true;
    const sessionOf = async (job: string): Promise<Session[] | null> => {
      try {
        return [await client.get<Session>(`/jobs/${encodeURIComponent(job)}/debug/session`)];
      } catch (refused) {
        if (!(refused instanceof Refused)) throw refused;
        return refused.isPassing ? null : []; // it has ended meanwhile
      }
    };
    const ask = async () => {
      const answers = await Promise.all((JSON.parse(names) as string[]).map(sessionOf));
      if (!isWanted) return;
      const sessions = answers.flatMap((each) => each ?? []);
      const found = sessions.flatMap((session) => session.holds.map((hold) => ({ job: session.job_id, hold })));
      // While the monitor is away, what was held stays, with what somebody has typed there.
      const isKnown = answers.every((each) => each !== null);
      setHeld((before) => (!isKnown || JSON.stringify(before) === JSON.stringify(found) ? before : found));
      setLines((before) => merged(before, sessions));
      timer = window.setTimeout(() => void ask(), EVERY_MS);
    };
    void ask();
    return () => {
      isWanted = false;
      window.clearTimeout(timer);
    };
  }, [client, names, turn]);
  return { held, lines, look: () => setTurn((before) => before + 1) };
}

function useMarks(flow: Flow, breakpoints: readonly Breakpoint[], held: readonly Held[]) {
  const points = JSON.stringify(breakpoints.map((point) => placeOfBreakpoint(flow, point)));
  useEffect(() => {
    const marks = new Map<string, [Place, Mark]>();
    const insides = new Map<string, Inside>();
    const mark = (place: Place | null, what: Partial<Mark>) => {
      if (place === null) return;
      const routine = routineOf(flow, place);
      if (routine !== undefined) {
        const { breaks, isHeld } = insides.get(routine) ?? { breaks: 0, isHeld: false };
        insides.set(routine, { breaks: breaks + (what.isBreak ? 1 : 0), isHeld: isHeld || what.isHeld === true });
      }
      const before = marks.get(placeKey(place))?.[1] ?? { isBreak: false, isHeld: false };
      marks.set(placeKey(place), [place, { ...before, ...what }]);
    };
    for (const place of JSON.parse(points) as (Place | null)[]) mark(place, { isBreak: true });
    for (const { hold } of held) mark(placeOfHold(hold), { isHeld: true });
    for (const [place, what] of marks.values()) store.set(markKey(flow.flow_id, place), what);
    for (const [routine, inside] of insides) store.set(insideKey(flow.flow_id, routine), inside);
    return () => {
      for (const routine of insides.keys()) store.set(insideKey(flow.flow_id, routine), undefined);
      for (const [place] of marks.values()) store.set(markKey(flow.flow_id, place), undefined);
    };
  }, [flow.flow_id, points, held]);
}
