/** Here is the task stream of what runs now, or ran last: all processes on one time axis. */

import { useMemo } from "react";
import type { FlowList, JobList, ProcessList, WorkerList } from "../contract";
import { go, href, toJob } from "../route";
import { rowsOf } from "../stream/bars";
import { TaskStream } from "../stream/TaskStream";
import { useBars } from "../stream/useBars";
import { useApi } from "../useApi";
import { Choice } from "./Jobs";
import { Answer, Command, Empty } from "./parts";

/** Jobs, the newest, that are looked at together. */
const MOST_JOBS = 12;

export function StreamPage({ flow, job }: { flow: string; job: string }) {
  const flows = useApi<FlowList>("/flows?limit=1000", 5000);
  const workers = useApi<WorkerList>("/workers?limit=1000", 2000);
  const known = flows.data?.flows.map((each) => each.flow_id) ?? [];
  const shown = flow || newestFlow(workers.data) || known[0] || "";
  return (
    <section className="sheet">
      <header className="bar">
        <h1>Task stream</h1>
        <Choice name="flow" value={shown} of={known} choose={(name) => go(href({ page: "stream", flow: name, job: "" }))} any="choose…" />
        {shown && <Jobs key={shown} flow={shown} job={job} />}
      </header>
      <Answer of={workers}>{() => (shown ? <OfFlow key={shown} flow={shown} job={job} workers={workers.data} /> : <NoFlow />)}</Answer>
    </section>
  );
}

/** Of those that run, the one that was started last; else the last that ran. */
export function newestFlow(workers: WorkerList | undefined): string | undefined {
  const found = [...(workers?.workers ?? [])].sort((a, b) => Number(a.stopped_at !== null) - Number(b.stopped_at !== null) || b.started_at - a.started_at);
  return found[0]?.flow_id;
}

function Jobs({ flow, job }: { flow: string; job: string }) {
  const jobs = useApi<JobList>(`/jobs?flow_id=${encodeURIComponent(flow)}&limit=50`, 2000);
  const names = jobs.data?.jobs.map((each) => each.job_id) ?? [];
  return (
    <>
      <Choice name="job" value={job} of={names} choose={(name) => go(href({ page: "stream", flow, job: name }))} any={`the newest ${MOST_JOBS}`} />
      {job && <a href={toJob(job)}>its page</a>}
    </>
  );
}

function OfFlow({ flow, job, workers }: { flow: string; job: string; workers: WorkerList | undefined }) {
  const newest = useApi<JobList>(`/jobs?flow_id=${encodeURIComponent(flow)}&limit=${MOST_JOBS}`, 1000);
  const one = useApi<JobList["jobs"][number]>(job ? `/jobs/${encodeURIComponent(job)}` : null, 1000);
  const found = job ? (one.data ? [one.data] : []) : (newest.data?.jobs ?? []);
  const running = workers?.workers.find((worker) => worker.flow_id === flow && worker.stopped_at === null);
  const processes = useApi<ProcessList>(running ? `/workers/${encodeURIComponent(running.worker_id)}/processes` : null, 2000);
  const { bars, isRead, isWhole, dropped } = useBars(found.map((each) => ({ id: each.job_id, isOver: each.is_settled })));
  const isSure = found.some((each) => each.completed_at === null) ? isRead : isWhole;
  const rows = useMemo(() => rowsOf(bars, processes.data?.processes ?? []), [bars, processes.data]);
  if (job && one.error) return <Answer of={one}>{() => null}</Answer>;
  if (bars.length === 0) return <NoBars flow={flow} isRunning={running !== undefined} isRead={found.length > 0 ? isSure : newest.data !== undefined} hasJobs={found.length > 0} />;
  return (
    <>
      {dropped > 0 && <p className="faint">{dropped.toLocaleString()} events of these jobs were not kept: a busy job is traced in part.</p>}
      <TaskStream rows={rows} bars={bars} isLive={running !== undefined} />
    </>
  );
}

function NoBars({ flow, isRunning, isRead, hasJobs }: { flow: string; isRunning: boolean; isRead: boolean; hasJobs: boolean }) {
  if (!isRead) {
    return (
      <p className="empty" aria-busy="true">
        Loading…
      </p>
    );
  }
  return (
    <Empty>
      {hasJobs ? (
        <p>No activation of these jobs was traced: tracing begins when somebody looks. Leave this page open, and start another.</p>
      ) : (
        <p>No job of {flow} yet. Each activation becomes a bar here, in the row of the process that has worked on it.</p>
      )}
      {isRunning ? (
        <p>
          <a href={href({ page: "submit", flow, slot: "", data: "" })}>Submit a job</a>
        </p>
      ) : (
        <p>
          The flow does not run now. Start it again, or the demo: <Command>routilux demo --monitor</Command>
        </p>
      )}
    </Empty>
  );
}

function NoFlow() {
  return (
    <Empty>
      <p>No flow runs, and none is remembered. To see one at work:</p>
      <p>
        <Command>routilux demo --monitor</Command>
      </p>
    </Empty>
  );
}
