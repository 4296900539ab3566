/** Here is the page of one flow: its live graph, and beside it what was chosen there, and its jobs. */

import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { BreakHere } from "../debug/BreakHere";
import { HoldPanel } from "../debug/HoldPanel";
import { LogLines } from "../debug/LogLines";
import { type Held, heldName, useDebug } from "../debug/useDebug";
import { Way } from "../debug/Way";
import type { Flow, JobList, WorkerList } from "../contract";
import { rate, seconds, short } from "../format";
import type { Focus } from "../graph/Camera";
import { type RoutineFigures, routineKey, type WireFigures, wireKey } from "../graph/figures";
import { type Chosen, FlowGraph } from "../graph/FlowGraph";
import { type Place, placeKey, placeOfHold } from "../graph/place";
import { Trail } from "../graph/Trail";
import { useFeed } from "../graph/useFeed";
import { type Folding, useFolding } from "../graph/useFolding";
import { type Route, toJobs } from "../route";
import { useStored } from "../store";
import { useApi } from "../useApi";
import { JobTable } from "./Jobs";
import { Acting, Answer, Empty, Failure, Figure, Status } from "./parts";
import { OfFlow } from "./Processes";
import { SubmitHere } from "./SubmitHere";

type FlowRoute = Extract<Route, { page: "flow" }>;

export function FlowPage({ route }: { route: FlowRoute }) {
  const flow = useApi<Flow>(`/flows/${encodeURIComponent(route.id)}`, 5000);
  return <Answer of={flow}>{(found) => <Shown key={route.id} flow={found} route={route} />}</Answer>;
}

/** From so many processes on, their table is shown only when it is asked for. */
const MANY = 60;

function Shown({ flow, route }: { flow: Flow; route: FlowRoute }) {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [focus, go] = useFocus();
  const folding = useFolding(flow, (group) => go({ kind: "routine", routine: group.routines[0] ?? "" }, true));
  useFeed(flow.flow_id);
  const jobs = useApi<JobList>(`/jobs?flow_id=${encodeURIComponent(flow.flow_id)}&limit=8`, 1000);
  const workers = useApi<WorkerList>(`/workers?flow_id=${encodeURIComponent(flow.flow_id)}&limit=5`, 2000);
  const running = workers.data?.workers.find((worker) => worker.status !== "stopped");
  const debugging = useDebug(flow, jobs.data?.jobs ?? [], running !== undefined);
  const [held, at, show] = useShownHold(debugging.held, (place) => go(place, false));
  const goTo = (place: Place) => {
    setChosen(place);
    go(place, true);
  };
  useBreakKey(chosen, debugging.toggle);
  const processes = Object.values(flow.routines).reduce((sum, routine) => sum + routine.workers, 1);
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
          <FlowGraph flow={flow} folding={folding} focus={focus} onChoose={setChosen} onBreak={debugging.toggle} />
        </div>
        <aside className="side" aria-label="what is chosen">
          {debugging.error && <Failure error={debugging.error} />}
          {held && (
            <Acting says>
              <HoldPanel key={heldName(held)} held={held} again={debugging.again} graph={{ flow, at, of: debugging.held.length, show, go: goTo }} />
            </Acting>
          )}
          {!held && route.job && route.message && <Way key={`${route.job} ${route.message}`} flow={flow} job={route.job} messages={[route.message]} go={goTo} />}
          {chosen === null && !held && !route.message && <Hint />}
          {chosen !== null && <ChosenPanel flow={flow} chosen={chosen} folding={folding} choose={setChosen} />}
          {chosen !== null && chosen.kind !== "bundle" && running !== undefined && (
            <Acting says>
              <BreakHere key={placeKey(chosen)} flow={flow} place={chosen} debugging={debugging} />
            </Acting>
          )}
          <LogLines lines={debugging.lines} />
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
      {running && <ProcessSheet worker={running.worker_id} isShort={processes <= MANY} count={processes} />}
    </div>
  );
}

function Hint() {
  return (
    <div className="faint hint">
      <p>Click a routine, one of its ports or a connection: its figures, and breakpoints there. Rest on a connection: its last values.</p>
      <p>
        By keyboard: <kbd>Tab</kbd> into the graph, arrows along it, <kbd>Enter</kbd> chooses, <kbd>F9</kbd> sets a breakpoint or takes it away.
      </p>
    </div>
  );
}

/** The rows of hundreds of processes would take more time than the graph. */
function ProcessSheet({ worker, isShort, count }: { worker: string; isShort: boolean; count: number }) {
  const [isWanted, setWanted] = useState(isShort);
  return (
    <section className="sheet">
      <header className="bar">
        <h2>Processes</h2>
        {!isShort && (
          <button type="button" aria-expanded={isWanted} onClick={() => setWanted(!isWanted)}>
            {isWanted ? "Hide them" : `Show all ${count}`}
          </button>
        )}
      </header>
      {isWanted && <OfFlow worker={worker} />}
    </section>
  );
}

/** Where the view is to go next. */
function useFocus(): [Focus | null, (place: Place, isAsked: boolean) => void] {
  const [focus, setFocus] = useState<Focus | null>(null);
  return [focus, (place, isAsked) => setFocus((before) => ({ place, isAsked, turn: (before?.turn ?? 0) + 1 }))];
}

/** The hold that is shown: the oldest, until somebody goes to another one. A new one is gone to. */
function useShownHold(held: readonly Held[], come: (place: Place) => void): [Held | undefined, number, (at: number) => void] {
  const [wanted, setWanted] = useState("");
  const at = Math.max(0, held.findIndex((each) => heldName(each) === wanted));
  const shown = held[at];
  const name = heldName(shown);
  const last = useRef("");
  useEffect(() => {
    const place = shown === undefined || name === last.current ? null : placeOfHold(shown.hold);
    last.current = name;
    if (place !== null) come(place);
  }, [name]);
  return [shown, at, (next) => setWanted(heldName(held[next]))];
}

/** F9 outside the graph is for what is chosen there. */
function useBreakKey(chosen: Chosen | null, toggle: (place: Place) => void) {
  useLayoutEffect(() => {
    if (chosen === null || chosen.kind === "bundle") return undefined;
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== "F9" || event.repeat || event.defaultPrevented) return;
      event.preventDefault();
      toggle(chosen);
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  });
}

function ChosenPanel({ flow, chosen, folding, choose }: { flow: Flow; chosen: Chosen; folding: Folding; choose: (chosen: Chosen) => void }) {
  switch (chosen.kind) {
    case "connection":
      return <WirePanel flow={flow} id={chosen.id} />;
    case "bundle":
      return <BundlePanel connections={chosen.connections} choose={choose} />;
    default:
      return <RoutinePanel flow={flow} place={chosen} folding={folding} />;
  }
}

/** The connections of one line between groups: a breakpoint is set on one of them. */
function BundlePanel({ connections, choose }: { connections: readonly string[]; choose: (chosen: Chosen) => void }) {
  return (
    <>
      <h2>{connections.length} connections</h2>
      <ul className="bundle">
        {connections.map((id) => (
          <li key={id}>
            <button type="button" onClick={() => choose({ kind: "connection", id })}>
              {id.replace("->", " → ")}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function RoutinePanel({ flow, place, folding }: { flow: Flow; place: Exclude<Place, { kind: "connection" }>; folding: Folding }) {
  const id = place.routine;
  const routine = flow.routines[id];
  const figures = useStored<RoutineFigures>(routineKey(flow.flow_id, id));
  if (routine === undefined) return null;
  const group = folding.groups.find((each) => each.routines.includes(id));
  const isOpen = group !== undefined && !folding.shown.groups.includes(group);
  return (
    <>
      <h2>{place.kind === "routine" ? id : `${id}.${place.port}`}</h2>
      <p className="mono">{routine.class_name}</p>
      {isOpen && (
        <button type="button" onClick={() => folding.close(group.name)}>
          Close group {group.name}
        </button>
      )}
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
      <Trail of={routineKey(flow.flow_id, id)} />
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
      <Trail of={wireKey(flow.flow_id, id)} />
    </>
  );
}
