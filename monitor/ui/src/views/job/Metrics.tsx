/** Here are a job's charts: live from the figures of its flow, and after its end from what it has left. */

import { useMemo } from "react";
import { Chart } from "../../charts/Chart";
import { slicesOf } from "../../charts/ofTrace";
import { between, type Sample, type Series } from "../../charts/series";
import { useSeries } from "../../charts/useSeries";
import { hueOf } from "../../colours";
import type { JobMetrics, JobState, RoutineMetrics } from "../../contract";
import { seconds, short } from "../../format";
import { useBars } from "../../stream/useBars";
import { useApi } from "../../useApi";
import { Empty, Scrolled } from "../parts";

export function Metrics({ path, job, every }: { path: string; job: JobState; every: number }) {
  const metrics = useApi<JobMetrics>(`${path}/metrics`, every);
  const routines = useMemo(() => Object.keys(job.routines), [job.routines]);
  const series = useSeries(job.flow_id, routines);
  const isOver = job.completed_at !== null;
  const [from, to] = [job.started_at ?? job.created_at, isOver ? (job.completed_at ?? 0) + 1 : Infinity];
  const mine = useMemo(() => series && between(series, from, to), [series, from, to]);
  return (
    <>
      {mine && mine.at.length > 1 && <Live series={mine} routines={routines} />}
      {isOver ? <Past job={job} /> : !(mine && mine.at.length > 1) && <Empty>The charts begin now, and grow while the job runs and this page is open.</Empty>}
      <Durations of={metrics.data?.routine_metrics ?? {}} />
    </>
  );
}

function Live({ series, routines }: { series: Series; routines: readonly string[] }) {
  const lines = (read: (sample: Sample) => number | null, suffix = "") =>
    routines.map((name) => ({ name: `${name}${suffix}`, values: (series.routines[name] ?? series.at.map(() => null)).map((sample) => sample && read(sample)) }));
  const [rates, depths, medians, slowest] = useMemo(
    () => [lines((sample) => sample.rate), lines((sample) => sample.depth), lines((sample) => sample.p50), lines((sample) => sample.p95)],
    [series, routines],
  );
  return (
    <>
      <p className="faint">While this page was open; of the flow with all its jobs.</p>
      <div className="charts">
        <Chart title="activations a second" at={series.at} lines={rates} write={perSecond} />
        <Chart title="messages that wait" at={series.at} lines={depths} write={short} />
        <Chart title="duration, median since the flow began" at={series.at} lines={medians} write={seconds} />
        <Chart title="duration, 95 % since the flow began" at={series.at} lines={slowest} write={seconds} />
      </div>
    </>
  );
}

function Past({ job }: { job: JobState }) {
  const { bars, isWhole, dropped } = useBars([{ id: job.job_id, isOver: job.is_settled }]);
  const slices = useMemo(() => slicesOf(bars), [bars]);
  if (slices === null && !isWhole) return null;
  if (slices === null) return <Empty>There is no chart over time: this job was not traced. Tracing begins when somebody looks at a job while it runs.</Empty>;
  const lines = (of: Readonly<Record<string, readonly (number | null)[]>>) => Object.entries(of).map(([name, values]) => ({ name, values }));
  return (
    <>
      <p className="faint">From the trace of this job{dropped > 0 && `, which lacks ${short(dropped)} events: the rates were higher`}.</p>
      <div className="charts">
        <Chart title="activations a second" at={slices.at} lines={lines(slices.rates)} write={perSecond} />
        <Chart title="duration, median" at={slices.at} lines={lines(slices.medians)} write={seconds} />
      </div>
    </>
  );
}

const perSecond = (value: number) => `${short(value)}/s`;

/** How long activations took, on one scale: from the shortest to the longest, with half of them below the mark. */
function Durations({ of }: { of: Readonly<Record<string, RoutineMetrics>> }) {
  const timed = Object.entries(of).filter(([, routine]) => routine.max_duration !== null);
  if (timed.length === 0) return null;
  return (
    <Scrolled label="durations">
      <table>
        <caption>Durations of an activation of this job</caption>
        <thead>
          <tr>
            <th>routine</th>
            <th className="number">activations</th>
            <th className="number">shortest</th>
            <th className="number">median</th>
            <th className="number">95 %</th>
            <th className="number">99 %</th>
            <th className="number">longest</th>
            <th className="number">total</th>
            <th>share of the work</th>
          </tr>
        </thead>
        <tbody>
          {timed.map(([name, routine]) => (
            <tr key={name}>
              <td>{name}</td>
              <td className="number">{routine.execution_count.toLocaleString()}</td>
              {[routine.min_duration, routine.p50, routine.p95, routine.p99, routine.max_duration, routine.total_duration].map((value, at) => (
                <td key={at} className="number">
                  {value === null ? "–" : seconds(value)}
                </td>
              ))}
              <td>
                <Share of={routine.total_duration / Math.max(1e-12, timed.reduce((sum, [, each]) => sum + each.total_duration, 0))} hue={hueOf(name)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolled>
  );
}

function Share({ of, hue }: { of: number; hue: number }) {
  return (
    <span className="share">
      <i style={{ width: `${of * 100}%`, background: `light-dark(hsl(${hue} 62% 42%), hsl(${hue} 70% 66%))` }} />
      <span>{(of * 100).toFixed(0)} %</span>
    </span>
  );
}
