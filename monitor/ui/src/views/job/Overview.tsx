/** Here is what a job has done so far, by routine, and how much of what it has made is used. */

import type { JobMetrics, JobState } from "../../contract";
import { moment, seconds, short } from "../../format";
import { href } from "../../route";
import { useApi } from "../../useApi";
import { took } from "../Jobs";
import { Empty, Figure, Scrolled } from "../parts";

export function Overview({ path, job, every }: { path: string; job: JobState; every: number }) {
  const metrics = useApi<JobMetrics>(`${path}/metrics`, every);
  return (
    <>
      <Progress job={job} used={metrics.data?.total_slot_calls ?? 0} />
      <dl className="figures">
        <Figure name="messages used">{short(metrics.data?.total_slot_calls ?? 0)}</Figure>
        <Figure name="messages made">{short(metrics.data?.total_event_emits ?? 0)}</Figure>
        <Figure name="in flight">{short(job.in_flight)}</Figure>
        <Figure name="began">{moment(job.started_at ?? job.created_at)}</Figure>
        <Figure name="duration">{metrics.data?.duration == null ? took(job) : seconds(metrics.data.duration)}</Figure>
        <Figure name="runtime">
          <a href={href({ page: "runtime", id: job.runtime_id })}>{job.runtime_id}</a>
        </Figure>
      </dl>
      {Object.keys(job.routines).length === 0 ? (
        <Empty>No activation yet{job.status === "paused" && ": the job is paused. Resume it with the button above"}.</Empty>
      ) : (
        <Routines job={job} metrics={metrics.data} />
      )}
      {Object.keys(job.metadata).length > 0 && (
        <>
          <h3>Metadata</h3>
          <pre>{JSON.stringify(job.metadata, null, 2)}</pre>
        </>
      )}
    </>
  );
}

/** How far a job is nobody knows, as long as it makes messages; how many of them are used is known. */
function Progress({ job, used }: { job: JobState; used: number }) {
  if (job.completed_at !== null || used + job.in_flight === 0) return null;
  const made = used + job.in_flight;
  return (
    <p className="progress">
      <progress value={used} max={made} aria-label="messages used" />
      <span>
        {short(used)} of {short(made)} messages used; it may make more
      </span>
    </p>
  );
}

function Routines({ job, metrics }: { job: JobState; metrics: JobMetrics | undefined }) {
  return (
    <Scrolled label="routines">
      <table>
        <thead>
          <tr>
            <th>routine</th>
            <th className="number">activations</th>
            <th className="number">errors</th>
            <th className="number">skipped</th>
            <th className="number">unused</th>
            <th className="number">given up</th>
            <th className="number">total</th>
            <th className="number">median</th>
            <th className="number">99 %</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(job.routines).map(([name, counters]) => {
            const timed = metrics?.routine_metrics[name];
            return (
              <tr key={name}>
                <td>{name}</td>
                <td className="number">{counters.activations.toLocaleString()}</td>
                <td className="number">{counters.errors.toLocaleString()}</td>
                <td className="number">{counters.skipped.toLocaleString()}</td>
                <td className="number">{counters.unused.toLocaleString()}</td>
                <td className="number">{counters.dead.toLocaleString()}</td>
                <td className="number">{timed ? seconds(timed.total_duration) : "–"}</td>
                <td className="number">{timed?.p50 == null ? "–" : seconds(timed.p50)}</td>
                <td className="number">{timed?.p99 == null ? "–" : seconds(timed.p99)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Scrolled>
  );
}
