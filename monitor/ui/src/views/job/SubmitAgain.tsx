/** Here is the link to the form that submits a job like this one again. */

import type { ExecutionTrace, Flow, JobState } from "../../contract";
import { href } from "../../route";
import { draftOf, entriesOf } from "../../submission";
import { remembered } from "../../submitted";
import { useApi } from "../../useApi";

/** Of what happened first to the entry: what it was given is among it, if the trace goes back so far. */
const FIRST = 5;

export function SubmitAgain({ job }: { job: JobState }) {
  const flow = useApi<Flow>(`/flows/${encodeURIComponent(job.flow_id)}`);
  const [entry] = flow.data ? entriesOf(flow.data) : [];
  const trace = useApi<ExecutionTrace>(
    entry === undefined ? null : `/jobs/${encodeURIComponent(job.job_id)}/execution-trace?limit=${FIRST}&routine_id=${encodeURIComponent(entry)}`,
    job.completed_at === null ? 5000 : 0,
  );
  const mine = remembered(sessionStorage, job.job_id, job.flow_id);
  return (
    <a className="button" href={href({ page: "submit", ...(mine ?? draftOf(job.flow_id, trace.data?.events ?? [])) })}>
      Submit again
    </a>
  );
}
