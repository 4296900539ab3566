/** Here are the lines that log points have written, of all jobs that are looked at. */

import type { LogPointLine, Session } from "../contract";

export interface Line extends LogPointLine {
  job: string;
}

/** Older ones are forgotten: a log point can write two hundred a second. */
export const MOST = 200;

/** Those of one job; of one of its routines if it is named. */
export function linesOf(session: Session, routine: string): readonly Line[] {
  return merged([], [session]).filter((line) => routine === "" || line.routine_id === routine);
}

/** A session tells all lines of its job; those of jobs that are over stay as they were. */
export function merged(before: readonly Line[], sessions: readonly Session[]): readonly Line[] {
  const told = new Set(sessions.map((session) => session.job_id));
  const found = [
    ...before.filter((line) => !told.has(line.job)),
    ...sessions.flatMap((session) => session.log.map((line) => ({ ...line, job: session.job_id }))),
  ];
  if (found.length === 0 && before.length === 0) return before;
  return found.sort((a, b) => Date.parse(a.timestamp) - Date.parse(b.timestamp)).slice(-MOST);
}
