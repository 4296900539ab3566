/** Here are the errors of a job, each with its traceback. */

import type { JobMetrics, JobState } from "../../contract";
import { useApi } from "../../useApi";
import { Answer, Empty } from "../parts";

export function Errors({ path, job, every }: { path: string; job: JobState; every: number }) {
  const metrics = useApi<JobMetrics>(`${path}/metrics`, every);
  return (
    <>
      {job.error !== null && (
        <article className="result">
          <h2>
            It has ended the job: {job.error.error_type}
            {job.error.routine_id && ` in ${job.error.routine_id}`}
          </h2>
          <pre className="traceback">{job.error.traceback || job.error.message}</pre>
        </article>
      )}
      <Answer of={metrics}>
        {({ errors }) => {
          if (errors.length === 0) return job.error === null ? <Empty>No errors.</Empty> : null;
          return errors.map((error) => (
            <article key={error.error_id} className="result">
              <h3>
                {error.routine_id}: {error.error_type} <small className="faint">{error.timestamp.slice(11, 19)}</small>
              </h3>
              <pre className="traceback">{error.traceback || error.error_message}</pre>
            </article>
          ));
        }}
      </Answer>
    </>
  );
}
