/** Here are the breakpoints of one place of the graph, and the form that sets one. */

import type { Breakpoint, BreakpointFields, Flow } from "../contract";
import { short } from "../format";
import { fieldsOf, type Place } from "../graph/place";
import { useMonitor } from "../monitor";
import { once, useAct } from "../useAct";
import { Failure } from "../views/parts";
import { BreakForm } from "./BreakForm";
import { saidOf, suspendsAt } from "./draft";
import { type Debugging, pointsAt } from "./useDebug";

export function BreakHere({ flow, place, debugging }: { flow: Flow; place: Place; debugging: Debugging }) {
  const { client } = useMonitor();
  const { act, error } = useAct();
  const path = `/flows/${encodeURIComponent(flow.flow_id)}/breakpoints`;
  const ask = (work: () => Promise<unknown>) => void act(work).then(debugging.again);
  const set = (what: BreakpointFields) => ask(() => client.post(path, { ...fieldsOf(flow, place), ...what }));
  const here = pointsAt(flow, place, debugging.breakpoints);
  return (
    <section className="break" aria-label="breakpoints here">
      {here.map((point) => (
        <Shown
          key={point.breakpoint_id}
          point={point}
          remove={() => ask(() => client.delete(`${path}/${encodeURIComponent(point.breakpoint_id)}`))}
          turnOn={() => ask(() => client.put(`${path}/${encodeURIComponent(point.breakpoint_id)}`, { enabled: true }))}
        />
      ))}
      <BreakForm suspends={suspendsAt(flow, place)} set={set} />
      {error && <Failure error={error} />}
    </section>
  );
}

function Shown({ point, remove, turnOn }: { point: Breakpoint; remove: () => void; turnOn: () => void }) {
  const said = saidOf(point);
  return (
    <div className="point">
      <span className={`bullet${point.action === "log" ? " is-log" : ""}${point.enabled ? "" : " is-off"}`} aria-hidden="true" />
      <span>
        <code>{point.condition ?? "always"}</code>
        <small className="faint">
          {" "}
          {short(point.hit_count)} hits{said && `; ${said}`}
        </small>
        {point.condition_errors > 0 && <small className="wrong"> {point.last_error}</small>}
      </span>
      <span className="actions">
        {!point.enabled && (
          <button type="button" onClick={once(turnOn)}>
            Turn on
          </button>
        )}
        <button type="button" onClick={once(remove)}>
          Remove
        </button>
      </span>
    </div>
  );
}
