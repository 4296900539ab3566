/** Here is the page of one job, while it runs and after: figures, charts, trace, results, logs, errors. */

import type { JobState } from "../contract";
import { useFeed } from "../graph/useFeed";
import { href, type Tab, TABS, toJob } from "../route";
import { useApi } from "../useApi";
import { Errors } from "./job/Errors";
import { HeldHere } from "./job/HeldHere";
import { Logs } from "./job/Logs";
import { Metrics } from "./job/Metrics";
import { Overview } from "./job/Overview";
import { Results } from "./job/Results";
import { SubmitAgain } from "./job/SubmitAgain";
import { Trace } from "./job/Trace";
import { JobActions } from "./JobActions";
import { took } from "./Jobs";
import { Answer, Status } from "./parts";

interface Props {
  id: string;
  tab: Tab;
  /** Of the logs, which are shown. */
  routine: string;
  level: string;
}

export function JobPage({ id, tab, routine, level }: Props) {
  const state = useApi<JobState>(`/jobs/${encodeURIComponent(id)}/state`, 1000);
  return (
    <Answer of={state}>
      {(job) => (
        <section className="sheet">
          <header className="bar">
            <h1>{job.job_id}</h1>
            <Status of={job.status} />
            <a href={href({ page: "flow", id: job.flow_id })}>{job.flow_id}</a>
            <span className="faint">{took(job)}</span>
            <span className="end actions">
              <JobActions id={job.job_id} status={job.status} again={state.again} />
              <SubmitAgain job={job} />
            </span>
          </header>
          {job.error !== null && (
            <div className="failure" role="alert">
              {job.error.message} <a href={toJob(id, "errors")}>traceback</a>
            </div>
          )}
          {job.completed_at === null && <HeldHere job={id} />}
          <nav className="tabs" aria-label="of this job">
            {TABS.map((each) => (
              <a key={each} href={toJob(id, each)} aria-current={each === tab ? "page" : undefined}>
                {each}
              </a>
            ))}
          </nav>
          <Shown job={job} tab={tab} routine={routine} level={level} />
        </section>
      )}
    </Answer>
  );
}

function Shown({ job, tab, routine, level }: Omit<Props, "id"> & { job: JobState }) {
  useFeed(job.flow_id);
  const path = `/jobs/${encodeURIComponent(job.job_id)}`;
  const every = job.is_settled ? 0 : 1000; // its processes may yet tell of what they did before its end
  switch (tab) {
    case "metrics":
      return <Metrics path={path} job={job} every={every} />;
    case "trace":
      return <Trace path={path} job={job} every={every} />;
    case "results":
      return <Results path={path} every={every} />;
    case "logs":
      return <Logs path={path} job={job} every={every} routine={routine} level={level} />;
    case "errors":
      return <Errors path={path} job={job} every={every} />;
    case "overview":
      return <Overview path={path} job={job} every={every} />;
  }
}
