/** Here is the list of jobs, those under way and those that have ended, of this and of earlier runtimes. */

import type { FlowList, Job, JobList, RuntimeList } from "../contract";
import { moment, seconds } from "../format";
import { go, href, type JobFilter, toJob, toJobs } from "../route";
import { useApi } from "../useApi";
import { JobActions } from "./JobActions";
import { Pages } from "./Pages";
import { Answer, Command, Empty, Scrolled, Status } from "./parts";

const PAGE = 50;
const STATUSES = ["running", "paused", "pending", "completed", "failed", "cancelled", "lost"];

export function Jobs({ filter }: { filter: JobFilter }) {
  const jobs = useApi<JobList>(`/jobs?${query(filter)}`, 1000);
  const isFiltered = filter.flow !== "" || filter.status !== "" || filter.runtime !== "";
  return (
    <section className="sheet">
      <header className="bar">
        <h1>Jobs</h1>
        <Filters filter={filter} />
        <a className="button primary end" href={href({ page: "submit", flow: filter.flow, slot: "", data: "" })}>
          Submit a job
        </a>
      </header>
      <Answer of={jobs}>
        {({ jobs: found, total }) => (
          <>
            {found.length > 0 && <JobTable jobs={found} again={jobs.again} />}
            {found.length === 0 && (isFiltered ? <NoneOfThese /> : <NoneYet />)}
            <Pages offset={filter.offset} shown={found.length} total={total} size={PAGE} turn={(offset) => go(toJobs({ ...filter, offset }))} />
          </>
        )}
      </Answer>
    </section>
  );
}

/** As the monitor is asked for them. */
export function query(filter: JobFilter): string {
  const asked = new URLSearchParams({ limit: String(PAGE), offset: String(filter.offset) });
  if (filter.flow) asked.set("flow_id", filter.flow);
  if (filter.status) asked.set("status", filter.status);
  if (filter.runtime) asked.set("runtime_id", filter.runtime);
  return asked.toString();
}

function Filters({ filter }: { filter: JobFilter }) {
  const flows = useApi<FlowList>("/flows?limit=1000", 5000).data?.flows.map((flow) => flow.flow_id) ?? [];
  const runtimes = useApi<RuntimeList>("/runtimes", 5000).data?.runtimes.map((runtime) => runtime.runtime_id) ?? [];
  const choose = (part: Partial<JobFilter>) => go(toJobs({ ...filter, offset: 0, ...part }));
  return (
    <>
      <Choice name="flow" value={filter.flow} of={flows} choose={(flow) => choose({ flow })} />
      <Choice name="status" value={filter.status} of={STATUSES} choose={(status) => choose({ status })} />
      <Choice name="runtime" value={filter.runtime} of={runtimes} choose={(runtime) => choose({ runtime })} />
    </>
  );
}

/** One of several, or any. What a link names is offered although nobody knows it. */
export function Choice({ name, value, of, choose, any = "any" }: { name: string; value: string; of: readonly string[]; choose: (value: string) => void; any?: string }) {
  const offered = value === "" || of.includes(value) ? of : [value, ...of];
  return (
    <label className="choice">
      {name}{" "}
      <select value={value} onChange={(event) => choose(event.target.value)}>
        <option value="">{any}</option>
        {offered.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </label>
  );
}

function NoneOfThese() {
  return (
    <Empty>
      No job is like that. <a href={toJobs()}>Show all</a>
    </Empty>
  );
}

function NoneYet() {
  return (
    <Empty>
      <p>
        No job yet. Submit one with the button above, from Python with <code>runtime.exec(flow, …)</code>, or run the demo:
      </p>
      <p>
        <Command>routilux demo --monitor</Command>
      </p>
    </Empty>
  );
}

export function JobTable({ jobs, again }: { jobs: readonly Job[]; again: () => void }) {
  return (
    <Scrolled label="jobs">
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
                <a href={toJob(job.job_id)}>{job.job_id}</a>
              </td>
              <td>
                <a href={href({ page: "flow", id: job.flow_id })}>{job.flow_id}</a>
              </td>
              <td>
                <Status of={job.status} />
              </td>
              <td className="number">{moment(job.started_at ?? job.created_at)}</td>
              <td className="number">{took(job)}</td>
              <td className="cut" title={job.error ?? undefined}>
                {job.error && <a href={toJob(job.job_id, "errors")}>{job.error}</a>}
              </td>
              <td className="number">
                <JobActions id={job.job_id} status={job.status} again={again} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolled>
  );
}

/** A job's times are whole seconds. */
export function took(job: { started_at: number | null; completed_at: number | null }): string {
  if (job.started_at === null) return "–";
  const whole = Math.round((job.completed_at ?? Date.now() / 1000) - job.started_at);
  return whole < 1 ? "< 1 s" : whole < 120 ? `${whole} s` : seconds(whole);
}
