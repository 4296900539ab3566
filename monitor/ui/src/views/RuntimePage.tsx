/** Here is one runtime, ended or not: the flows it has run, and how each job of them went. */

import { useState } from "react";
import type { HistoryItem, RuntimeItem, Worker, WorkerList, WorkerStatistics } from "../contract";
import { moment, seconds } from "../format";
import { href, toJob, toJobs } from "../route";
import { useApi } from "../useApi";
import { ranFor } from "./History";
import { Pages } from "./Pages";
import { Answer, Empty, Figure, Scrolled, Status } from "./parts";

const PAGE = 25;

export function RuntimePage({ id }: { id: string }) {
  const runtime = useApi<RuntimeItem>(`/runtimes/${encodeURIComponent(id)}`, 5000);
  const workers = useApi<WorkerList>(`/workers?runtime_id=${encodeURIComponent(id)}&limit=200`, 5000);
  return (
    <Answer of={runtime}>
      {(found) => (
        <>
          <section className="sheet">
            <header className="bar">
              <h1>Runtime {found.runtime_id}</h1>
              <Status of={found.is_shutdown ? "ended" : "running"} />
              <a href={toJobs({ runtime: id })}>all its jobs</a>
              <a className="end" href={href({ page: "history" })}>
                history
              </a>
            </header>
            <dl className="figures">
              <Figure name="began">{moment(found.started_at)}</Figure>
              <Figure name="ended">{found.is_shutdown ? (found.ended_at === null ? "unseen" : moment(found.ended_at)) : "–"}</Figure>
              <Figure name="ran for">{ranFor(found)}</Figure>
              <Figure name="process">{found.pid}</Figure>
              <Figure name="version">{found.version}</Figure>
            </dl>
            {found.is_shutdown && found.ended_at === null && (
              <p className="faint">No monitor was there when it ended; jobs that were under way then are shown as lost.</p>
            )}
          </section>
          <Answer of={workers}>
            {({ workers: mine }) =>
              mine.length === 0 ? (
                <Empty>No flow of it is remembered: it has run none, or so long ago that they were let go.</Empty>
              ) : (
                mine.map((worker) => <OfWorker key={worker.worker_id} worker={worker} />)
              )
            }
          </Answer>
        </>
      )}
    </Answer>
  );
}

function OfWorker({ worker }: { worker: Worker }) {
  const [offset, setOffset] = useState(0);
  const path = `/workers/${encodeURIComponent(worker.worker_id)}`;
  const every = worker.stopped_at === null ? 2000 : 0;
  const statistics = useApi<WorkerStatistics>(`${path}/statistics`, every);
  const history = useApi<HistoryItem[]>(`${path}/history?limit=${PAGE}&offset=${offset}`, every);
  const { average_job_duration: average, total_jobs: total } = statistics.data ?? {};
  return (
    <section className="sheet">
      <header className="bar">
        <h2>
          <a href={href({ page: "flow", id: worker.flow_id })}>{worker.flow_id}</a>
        </h2>
        <Status of={worker.status} />
        <span className="faint">
          {moment(worker.started_at)}
          {worker.stopped_at !== null && ` – ${moment(worker.stopped_at)}`}
        </span>
      </header>
      <dl className="figures">
        <Figure name="jobs ended">{worker.jobs_processed.toLocaleString()}</Figure>
        <Figure name="failed">{worker.jobs_failed.toLocaleString()}</Figure>
        <Figure name="average duration">{average == null ? "–" : seconds(average)}</Figure>
      </dl>
      <Answer of={history}>{(jobs) => (jobs.length === 0 ? <Empty>No job of it is remembered.</Empty> : <PastJobs jobs={jobs} />)}</Answer>
      <Pages offset={offset} shown={history.data?.length ?? 0} total={total ?? 0} size={PAGE} turn={setOffset} />
    </section>
  );
}

function PastJobs({ jobs }: { jobs: readonly HistoryItem[] }) {
  return (
    <Scrolled label="jobs">
      <table>
        <thead>
          <tr>
            <th>job</th>
            <th>status</th>
            <th className="number">began</th>
            <th className="number">took</th>
            <th>error</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.job_id}>
              <td>
                <a href={toJob(job.job_id)}>{job.job_id}</a>
              </td>
              <td>
                <Status of={job.status} />
              </td>
              <td className="number">{moment(job.started_at ?? job.created_at)}</td>
              <td className="number">{job.duration === null ? "–" : seconds(job.duration)}</td>
              <td className="cut" title={job.error ?? undefined}>
                {job.error && <a href={toJob(job.job_id, "errors")}>{job.error}</a>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolled>
  );
}
