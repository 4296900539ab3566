/** Here is the page of one flow: its live graph, and beside it what was chosen there, and its jobs. */

import { useState } from "react";
import { useSeries } from "../charts/useSeries";
import { BreakHere } from "../debug/BreakHere";
import { HoldPanel } from "../debug/HoldPanel";
import { useDebug } from "../debug/useDebug";
import type { Flow, JobList, WorkerList } from "../contract";
import { rate, seconds, short } from "../format";
import { type RoutineFigures, routineKey, type WireFigures, wireKey } from "../graph/figures";
import { FlowGraph } from "../graph/FlowGraph";
import { type Place, placeKey } from "../graph/place";
import { useFeed } from "../graph/useFeed";
import { toJobs } from "../route";
import { useStored } from "../store";
import { useApi } from "../useApi";
import { JobTable } from "./Jobs";
import { Acting, Answer, Empty, Figure, Status } from "./parts";
import { OfFlow } from "./Processes";
import { SubmitHere } from "./SubmitHere";

export function FlowPage({ id }: { id: string }) {
  const flow = useApi<Flow>(`/flows/${encodeURIComponent(id)}`, 5000);
  return <Answer of={flow}>{(found) => <Shown key={id} flow={found} />}</Answer>;
}

function Shown({ flow }: { flow: Flow }) {
  const [chosen, setChosen] = useState<Place | null>(null);
  useFeed(flow.flow_id);
  useSeries(flow.flow_id, Object.keys(flow.routines));
  const jobs = useApi<JobList>(`/jobs?flow_id=${encodeURIComponent(flow.flow_id)}&limit=8`, 1000);
  const workers = useApi<WorkerList>(`/workers?flow_id=${encodeURIComponent(flow.flow_id)}&limit=5`, 2000);
  const running = workers.data?.workers.find((worker) => worker.status !== "stopped");
  const debugging = useDebug(flow, jobs.data?.jobs ?? [], running !== undefined);
  const [held] = debugging.held;
  return (
    <div className="flow-page">
      <header className="bar">
        <h1>{flow.flow_id}</h1>
        <Status of={running?.status ?? "stopped"} />
        <span className="faint">
          {Object.keys(flow.routines).length} routines, {flow.connections.length} connections
        </span>
        <span className="end">
          <SubmitHere flow={flow} />
        </span>
      </header>
      <div className="flow-main">
        <div className="graph" role="application" aria-label={`graph of ${flow.flow_id}`}>
          <FlowGraph flow={flow} onChoose={setChosen} />
        </div>
        <aside className="side">
          {held && (
            <Acting says>
              <HoldPanel key={held.hold.hold_id} held={held} others={debugging.held.length - 1} again={debugging.again} />
            </Acting>
          )}
          {chosen === null && !held && <p className="faint">Click a routine, one of its ports or a connection: its figures, and breakpoints there.</p>}
          {chosen !== null && (chosen.kind === "connection" ? <WirePanel flow={flow} id={chosen.id} /> : <RoutinePanel flow={flow} place={chosen} />)}
          {chosen !== null && running !== undefined && (
            <Acting says>
              <BreakHere key={placeKey(chosen)} flow={flow} place={chosen} debugging={debugging} />
            </Acting>
          )}
        </aside>
      </div>
      <section className="sheet">
        <header className="bar">
          <h2>Newest jobs</h2>
          <a href={toJobs({ flow: flow.flow_id })}>all jobs</a>
        </header>
        <Answer of={jobs}>
          {({ jobs: found }) =>
            found.length === 0 ? <Empty>None yet: submit one above.</Empty> : <JobTable jobs={found} again={jobs.again} />
          }
        </Answer>
      </section>
      {running && (
        <section className="sheet">
          <h2>Processes</h2>
          <OfFlow worker={running.worker_id} />
        </section>
      )}
    </div>
  );
}

function RoutinePanel({ flow, place }: { flow: Flow; place: Exclude<Place, { kind: "connection" }> }) {
  const id = place.routine;
  const routine = flow.routines[id];
  const figures = useStored<RoutineFigures>(routineKey(flow.flow_id, id));
  if (routine === undefined) return null;
  return (
    <>
      <h2>{place.kind === "routine" ? id : `${id}.${place.port}`}</h2>
      <p className="mono">{routine.class_name}</p>
      <dl className="figures">
        <Figure name="state">
          <Status of={figures?.state ?? "stopped"} />
        </Figure>
        <Figure name="processes">{figures?.processes ?? routine.workers}</Figure>
        <Figure name="activations">{short(figures?.activations ?? 0)}</Figure>
        <Figure name="rate">{rate(figures?.rate ?? 0)}</Figure>
        <Figure name="errors">{short(figures?.errors ?? 0)}</Figure>
        {figures?.median !== undefined && <Figure name="median">{seconds(figures.median)}</Figure>}
        {figures?.p95 !== undefined && <Figure name="95 %">{seconds(figures.p95)}</Figure>}
      </dl>
      {Object.keys(routine.config).length > 0 && (
        <>
          <h3>Configuration</h3>
          <pre>{JSON.stringify(routine.config, null, 2)}</pre>
        </>
      )}
    </>
  );
}

function WirePanel({ flow, id }: { flow: Flow; id: string }) {
  const wire = flow.connections.find((each) => each.connection_id === id);
  const figures = useStored<WireFigures>(wireKey(flow.flow_id, id));
  if (wire === undefined) return null;
  return (
    <>
      <h2>
        {wire.source_routine}.{wire.source_event} → {wire.target_routine}.{wire.target_slot}
      </h2>
      <dl className="figures">
        <Figure name="messages">{short(figures?.sent ?? 0)}</Figure>
        <Figure name="rate">{rate(figures?.rate ?? 0)}</Figure>
        <Figure name="on their way">{short(figures?.depth ?? 0)}</Figure>
        <Figure name="pressure">
          <Status of={figures?.pressure ?? "low"} />
        </Figure>
      </dl>
    </>
  );
}
