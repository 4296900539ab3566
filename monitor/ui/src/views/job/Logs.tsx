/** Here is what a job's routines have logged and printed, as it comes, and what log points have written. */

import { useEffect, useMemo, useRef, useState } from "react";
import type { JobState, LogList, Session } from "../../contract";
import { linesOf } from "../../debug/lines";
import { LogLines } from "../../debug/LogLines";
import { go, href } from "../../route";
import { useApi } from "../../useApi";
import { Choice } from "../Jobs";
import { Answer, Empty } from "../parts";

/** Lines, the newest, that are shown. */
const MOST = 1000;
const LEVELS = ["STDOUT", "STDERR", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];

interface Props {
  path: string;
  job: JobState;
  every: number;
  routine: string;
  level: string;
}

export function Logs({ path, job, every, routine, level }: Props) {
  const asked = new URLSearchParams();
  if (routine) asked.set("routine_id", routine);
  if (level) asked.set("level", level);
  const choose = (part: { routine?: string; level?: string }) => go(href({ page: "job", id: job.job_id, tab: "logs", routine, level, ...part }));
  return (
    <>
      <div className="bar">
        <Choice name="routine" value={routine} of={Object.keys(job.routines)} choose={(name) => choose({ routine: name })} />
        <Choice name="level" value={level} of={LEVELS} choose={(name) => choose({ level: name })} />
      </div>
      {job.logs_dropped > 0 && <p className="faint">{job.logs_dropped.toLocaleString()} older lines were let go of.</p>}
      {level === "" && <LogPoints path={path} every={every} routine={routine} />}
      <Lines key={asked.toString()} path={`${path}/logs?${asked.toString()}`} every={every} isLive={job.completed_at === null} isFiltered={asked.size > 0} />
    </>
  );
}

/** They have no level. */
function LogPoints({ path, every, routine }: { path: string; every: number; routine: string }) {
  const session = useApi<Session>(`${path}/debug/session`, every);
  const lines = useMemo(() => (session.data ? linesOf(session.data, routine) : []), [session.data, routine]);
  return <LogLines lines={lines} isOfOne />;
}

function Lines({ path, every, isLive, isFiltered }: { path: string; every: number; isLive: boolean; isFiltered: boolean }) {
  const [offset, setOffset] = useState(0);
  const logs = useApi<LogList>(`${path}&limit=${MOST}&offset=${offset}`, every);
  // The oldest come first: go on to the newest, half a page at a time.
  const wanted = logs.data === undefined ? offset : next(offset, logs.data.total);
  useEffect(() => setOffset(wanted), [wanted]);
  return (
    <Answer of={logs}>
      {({ logs: found, total }) =>
        total === 0 ? (
          <Empty>
            {isFiltered ? (
              "No line is like that."
            ) : (
              <>
                Nothing was logged or printed. What a routine prints comes here, and what it says with <code>logging</code> or <code>self.log</code>.
              </>
            )}
          </Empty>
        ) : (
          <Shown lines={found} before={offset} isLive={isLive} />
        )
      }
    </Answer>
  );
}

function next(offset: number, total: number): number {
  if (total - offset > MOST) return total - MOST / 2;
  return total < offset ? 0 : offset;
}

function Shown({ lines, before, isLive }: { lines: LogList["logs"]; before: number; isLive: boolean }) {
  const list = useRef<HTMLOListElement>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  useEffect(() => {
    if (isAtEnd && list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [lines, isAtEnd]);
  const scrolled = () => {
    const box = list.current;
    if (box) setAtEnd(box.scrollHeight - box.scrollTop - box.clientHeight < 24);
  };
  return (
    <>
      <p className="faint" role="status">
        {before > 0 && `${before.toLocaleString()} older lines are not shown. `}
        {isLive && (isAtEnd ? "Follows what is said." : "Scroll to the end to follow what is said.")}
      </p>
      <ol className="logs" ref={list} onScroll={scrolled} tabIndex={0} aria-label="log lines">
        {lines.map((line, at) => (
          <li key={before + at} className={`is-${line.level.toLowerCase()}`}>
            <time>{line.timestamp.slice(11, 23)}</time> <b>{line.level}</b> {line.routine_id}-{line.replica} <span>{line.message}</span>
          </li>
        ))}
      </ol>
    </>
  );
}
