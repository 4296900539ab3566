/** Here is the list of jobs, those under way and those that have ended, of this and of earlier runtimes. */

import { useState } from "react";
import type { Job, JobList } from "../contract";
import { clock, seconds } from "../format";
import { useMonitor } from "../monitor";
import { href } from "../route";
import { Refused } from "../session";
import { useApi } from "../useApi";
import { Answer, Empty, Failure, Status } from "./parts";

const PAGE = 50;
const STATUSES = ["", "running", "paused", "pending", "completed", "failed", "cancelled", "lost"];

export function Jobs({ flow, status }: { flow: string; status: string }) {
  const [offset, setOffset] = useState(0);
  const asked = new URLSearchParams({ limit: String(PAGE), offset: String(offset) });
  if (flow) asked.set("flow_id", flow);
  if (status) asked.set("status", status);
  const jobs = useApi<JobList>(`/jobs?${asked.toString()}`, 1000);
  return (
    <section className="sheet">
      <header className="bar">
        <h1>Jobs{flow && ` of ${flow}`}</h1>
        <label>
          status{" "}
          <select
            value={status}
            onChange={(event) => {
              setOffset(0);
              window.location.hash = href({ page: "jobs", flow, status: event.target.value });
            }}
          >
            {STATUSES.map((each) => (
              <option key={each} value={each}>
                {each || "any"}
              </option>
            ))}
          </select>
        </label>
      </header>
      <Answer of={jobs}>
        {({ jobs: found, total }) =>
          found.length === 0 ? (
            <Empty>No job {status && `is ${status}`}. Submit one on the page of its flow, or with runtime.exec(flow, …).</Empty>
          ) : (
            <>
              <JobTable jobs={found} again={jobs.again} />
              <nav className="pages" aria-label="pages">
                <button type="button" disabled={offset === 0} onClick={() => setOffset(Math.max(0, offset - PAGE))}>
                  newer
                </button>
                <span>
                  {offset + 1}–{offset + found.length} of {total}
                </span>
                <button type="button" disabled={offset + found.length >= total} onClick={() => setOffset(offset + PAGE)}>
                  older
                </button>
              </nav>
            </>
          )
        }
      </Answer>
    </section>
  );
}

export function JobTable({ jobs, again }: { jobs: readonly Job[]; again: () => void }) {
  return (
    <table>
      <thead>
        <tr>
          <th>job</th>
          <th>flow</th>
          <th>status</th>
          <th className="number">began</th>
          <th className="number">took</th>
          <th>error</th>
          <th aria-label="actions" />
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <tr key={`${job.worker_id}/${job.job_id}`}>
            <td>
              <a href={href({ page: "job", id: job.job_id, tab: "overview" })}>{job.job_id}</a>
            </td>
            <td>
              <a href={href({ page: "flow", id: job.flow_id })}>{job.flow_id}</a>
            </td>
            <td>
              <Status of={job.status} />
            </td>
            <td className="number">{clock(job.started_at ?? job.created_at)}</td>
            <td className="number">{took(job)}</td>
            <td className="cut">{job.error}</td>
            <td className="number">
              <JobActions id={job.job_id} status={job.status} again={again} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A job's times are whole seconds. */
export function took(job: { started_at: number | null; completed_at: number | null }): string {
  if (job.started_at === null) return "–";
  const whole = Math.round((job.completed_at ?? Date.now() / 1000) - job.started_at);
  return whole < 1 ? "< 1 s" : whole < 120 ? `${whole} s` : seconds(whole);
}

export function JobActions({ id, status, again }: { id: string; status: string; again: () => void }) {
  const { client } = useMonitor();
  const [error, setError] = useState<Refused | null>(null);
  const act = async (action: string) => {
    try {
      await client.post(`/jobs/${encodeURIComponent(id)}/${action}`);
      setError(null);
    } catch (refused) {
      if (refused instanceof Refused) setError(refused);
    }
    again();
  };
  if (status !== "running" && status !== "paused" && status !== "pending") return null;
  return (
    <span className="actions">
      {status === "paused" ? (
        <button type="button" onClick={() => void act("resume")}>
          Resume
        </button>
      ) : (
        <button type="button" onClick={() => void act("pause")}>
          Pause
        </button>
      )}
      <button type="button" onClick={() => void act("cancel")}>
        Cancel
      </button>
      {error && <Failure error={error} />}
    </span>
  );
}
