/** Here is the page of one job, while it runs and after: figures, trace, results, logs, errors. */

import type { ExecutionTrace, JobMetrics, JobState, LogList, ResultList } from "../contract";
import { seconds, short } from "../format";
import { href, TABS } from "../route";
import { useApi } from "../useApi";
import { JobActions, took } from "./Jobs";
import { Answer, Empty, Figure, Status } from "./parts";
import { TraceView } from "./TraceView";

export function JobPage({ id, tab }: { id: string; tab: string }) {
  const path = `/jobs/${encodeURIComponent(id)}`;
  const state = useApi<JobState>(`${path}/state`, 1000);
  const isOver = state.data !== undefined && state.data.completed_at !== null;
  return (
    <section className="sheet">
      <Answer of={state}>
        {(job) => (
          <>
            <header className="bar">
              <h1>{job.job_id}</h1>
              <Status of={job.status} />
              <a href={href({ page: "flow", id: job.flow_id })}>{job.flow_id}</a>
              <span className="faint">{took(job)}</span>
              <span className="end">
                <JobActions id={job.job_id} status={job.status} again={state.again} />
              </span>
            </header>
            {job.error !== null && (
              <div className="failure" role="alert">
                <strong>{job.error.error_type}</strong>: {job.error.message}
              </div>
            )}
            <nav className="tabs" aria-label="of this job">
              {TABS.map((each) => (
                <a key={each} href={href({ page: "job", id, tab: each })} aria-current={each === tab ? "page" : undefined}>
                  {each}
                </a>
              ))}
            </nav>
            <Tab path={path} tab={tab} job={job} every={isOver ? 0 : 1000} />
          </>
        )}
      </Answer>
    </section>
  );
}

function Tab({ path, tab, job, every }: { path: string; tab: string; job: JobState; every: number }) {
  switch (tab) {
    case "trace":
      return <Trace path={path} every={every} />;
    case "results":
      return <Results path={path} every={every} />;
    case "logs":
      return <Logs path={path} every={every} />;
    case "errors":
      return <Errors path={path} job={job} every={every} />;
    default:
      return <Overview path={path} job={job} every={every} />;
  }
}

function Overview({ path, job, every }: { path: string; job: JobState; every: number }) {
  const metrics = useApi<JobMetrics>(`${path}/metrics`, every);
  return (
    <>
      <dl className="figures">
        <Figure name="messages used">{short(metrics.data?.total_slot_calls ?? 0)}</Figure>
        <Figure name="messages made">{short(metrics.data?.total_event_emits ?? 0)}</Figure>
        <Figure name="in flight">{short(job.in_flight)}</Figure>
      </dl>
      <table>
        <thead>
          <tr>
            <th>routine</th>
            <th className="number">activations</th>
            <th className="number">errors</th>
            <th className="number">skipped</th>
            <th className="number">unused</th>
            <th className="number">total</th>
            <th className="number">median</th>
            <th className="number">99 %</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(job.routines).map(([name, counters]) => {
            const timed = metrics.data?.routine_metrics[name];
            return (
              <tr key={name}>
                <td>{name}</td>
                <td className="number">{counters.activations.toLocaleString()}</td>
                <td className="number">{counters.errors.toLocaleString()}</td>
                <td className="number">{counters.skipped.toLocaleString()}</td>
                <td className="number">{counters.unused.toLocaleString()}</td>
                <td className="number">{timed ? seconds(timed.total_duration) : "–"}</td>
                <td className="number">{timed?.p50 == null ? "–" : seconds(timed.p50)}</td>
                <td className="number">{timed?.p99 == null ? "–" : seconds(timed.p99)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}

function Trace({ path, every }: { path: string; every: number }) {
  const trace = useApi<ExecutionTrace>(`${path}/execution-trace?limit=1000`, every);
  return (
    <Answer of={trace}>
      {({ events, total, dropped }) =>
        events.length === 0 ? (
          <Empty>Nothing was traced: tracing begins when a monitor is there, and a busy job is traced in part.</Empty>
        ) : (
          <>
            <p className="faint">
              {events.length} of {short(total)} events{dropped > 0 && `, ${short(dropped)} more were not kept`}.{" "}
              <a href={`#`} onClick={(event) => { event.preventDefault(); void download(`${path}/trace?format=perfetto`); }}>
                For Perfetto
              </a>
            </p>
            <TraceView events={events} />
          </>
        )
      }
    </Answer>
  );
}

/** The token goes in a header, so a plain link would not do. */
async function download(path: string) {
  const token = sessionStorage.getItem("routilux.token") ?? "";
  const response = await fetch(`/api/v1${path}`, { headers: { Authorization: `Bearer ${token}` } });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = "trace.json";
  link.click();
  URL.revokeObjectURL(link.href);
}

function Results({ path, every }: { path: string; every: number }) {
  const results = useApi<ResultList>(`${path}/results?limit=200`, every);
  return (
    <Answer of={results}>
      {({ results: found, total }) =>
        found.length === 0 ? (
          <Empty>No results are held: there were none, or whoever runs the job has taken them.</Empty>
        ) : (
          <>
            <p className="faint">
              {found.length} of {short(total)}
            </p>
            {found.map((result) => (
              <article key={result.message_id} className="result">
                <h3>
                  {result.routine_id}.{result.event_name}
                </h3>
                <pre>{JSON.stringify(result.payload, null, 2)}</pre>
              </article>
            ))}
          </>
        )
      }
    </Answer>
  );
}

function Logs({ path, every }: { path: string; every: number }) {
  const logs = useApi<LogList>(`${path}/logs?limit=500`, every);
  return (
    <Answer of={logs}>
      {({ logs: found }) =>
        found.length === 0 ? (
          <Empty>Nothing was logged or printed.</Empty>
        ) : (
          <ol className="logs">
            {found.map((line, at) => (
              <li key={at} className={`is-${line.level.toLowerCase()}`}>
                <time>{line.timestamp.slice(11, 23)}</time> <b>{line.level}</b> {line.routine_id}-{line.replica} <span>{line.message}</span>
              </li>
            ))}
          </ol>
        )
      }
    </Answer>
  );
}

function Errors({ path, job, every }: { path: string; job: JobState; every: number }) {
  const metrics = useApi<JobMetrics>(`${path}/metrics`, every);
  const found = metrics.data?.errors ?? [];
  if (job.error === null && found.length === 0) return <Empty>No errors.</Empty>;
  return (
    <>
      {job.error !== null && <pre className="traceback">{job.error.traceback || job.error.message}</pre>}
      {found.map((error) => (
        <article key={error.error_id} className="result">
          <h3>
            {error.routine_id}: {error.error_type}
          </h3>
          <pre className="traceback">{error.traceback || error.error_message}</pre>
        </article>
      ))}
    </>
  );
}
