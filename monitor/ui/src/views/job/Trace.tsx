/** Here is the trace of a job: its processes on one time axis, and every event in its order. */

import { useMemo, useState } from "react";
import type { ExecutionEvent, ExecutionTrace, JobState, ProcessList } from "../../contract";
import { short } from "../../format";
import { useMonitor } from "../../monitor";
import { href } from "../../route";
import { rowsOf } from "../../stream/bars";
import { TaskStream } from "../../stream/TaskStream";
import { useBars } from "../../stream/useBars";
import { useAct } from "../../useAct";
import { useApi } from "../../useApi";
import { Pages } from "../Pages";
import { Acting, Answer, Empty, Failure, Scrolled, Status } from "../parts";

const PAGE = 50;

export function Trace({ path, job, every }: { path: string; job: JobState; every: number }) {
  const { client } = useMonitor();
  const { act, error } = useAct();
  const isOver = job.completed_at !== null;
  const { bars, dropped } = useBars([{ id: job.job_id, isOver: job.is_settled }]);
  const processes = useApi<ProcessList>(isOver ? null : `/workers/${encodeURIComponent(job.worker_id)}/processes`, 5000);
  const rows = useMemo(() => rowsOf(bars, processes.data?.processes ?? []), [bars, processes.data]);
  return (
    <>
      <p className="faint">
        {dropped > 0 && `${short(dropped)} events were not kept: a busy job is traced in part. `}
        <button type="button" onClick={() => void act(() => client.keepFile(`${path}/trace?format=perfetto`, `${job.job_id}.perfetto.json`))}>
          Download for Perfetto
        </button>
      </p>
      {error && <Failure error={error} />}
      {bars.length > 0 && <TaskStream rows={rows} bars={bars} isLive={!isOver} />}
      <Events path={path} flow={job.flow_id} every={every} />
    </>
  );
}

function Events({ path, flow, every }: { path: string; flow: string; every: number }) {
  const [offset, setOffset] = useState(0);
  const trace = useApi<ExecutionTrace>(`${path}/execution-trace?limit=${PAGE}&offset=${offset}`, every);
  return (
    <Answer of={trace}>
      {({ events, total }) =>
        total === 0 ? (
          <Empty>Nothing was traced: tracing begins when somebody looks, so keep this page open while a job runs.</Empty>
        ) : (
          <>
            <h2>Events</h2>
            <Scrolled label="events">
              <table>
                <thead>
                  <tr>
                    <th>when</th>
                    <th>what</th>
                    <th>routine</th>
                    <th>where</th>
                    <th className="number">messages</th>
                    <th>payload</th>
                    <th aria-label="message" />
                  </tr>
                </thead>
                <tbody>
                  {events.map((event) => (
                    <Row key={event.event_id} event={event} flow={flow} path={path} />
                  ))}
                </tbody>
              </table>
            </Scrolled>
            <Pages offset={offset} shown={events.length} total={total} size={PAGE} turn={setOffset} names={["earlier", "later"]} />
          </>
        )
      }
    </Answer>
  );
}

function Row({ event, flow, path }: { event: ExecutionEvent; flow: string; path: string }) {
  const { data } = event;
  const where = data.connection_id?.replace("->", " → ") ?? data.event_name ?? data.slot_name ?? "";
  const message = data.message_id ?? data.message_ids?.[0];
  return (
    <tr>
      <td className="mono">{event.timestamp.slice(11, 26)}</td>
      <td>
        {event.event_type.replaceAll("_", " ")} {event.event_type === "routine_failed" && <Status of={event.status} />}
      </td>
      <td>{event.routine_id}</td>
      <td>
        {message ? (
          <a href={href({ page: "flow", id: flow, job: event.job_id, message })} title="how the message came here, on the graph">
            {where}
          </a>
        ) : (
          where
        )}
      </td>
      <td className="number">{data.count ?? 1}</td>
      <td className="mono payload" title={data.preview ?? undefined}>
        {data.preview}
      </td>
      <td>{data.is_replayable && message && <Save path={path} job={event.job_id} message={message} />}</td>
    </tr>
  );
}

function Save({ path, job, message }: { path: string; job: string; message: string }) {
  const { client } = useMonitor();
  const { act, error } = useAct();
  const save = () => client.keepRecording(`${path}/messages/${encodeURIComponent(message)}/recording`, `${job}-${message.replaceAll(":", "-")}.rlx`);
  return (
    <Acting>
      <button type="button" title="keep this message as a file for routilux replay" onClick={() => void act(save)}>
        Save
      </button>
      {error && <small role="alert">{error.message}</small>}
    </Acting>
  );
}
