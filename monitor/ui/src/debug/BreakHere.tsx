/** Here are the breakpoints of one place of the graph, and the form that sets one. */

import { useState } from "react";
import type { Breakpoint, BreakpointFields, Flow } from "../contract";
import { short } from "../format";
import { fieldsOf, type Place, placeKey, placeOfBreakpoint } from "../graph/place";
import { useMonitor } from "../monitor";
import { Refused } from "../session";
import { Failure } from "../views/parts";
import { BreakForm } from "./BreakForm";
import { saidOf, suspendsAt } from "./draft";
import type { Debugging } from "./useDebug";

export function BreakHere({ flow, place, debugging }: { flow: Flow; place: Place; debugging: Debugging }) {
  const { client } = useMonitor();
  const [error, setError] = useState<Refused | null>(null);
  const path = `/flows/${encodeURIComponent(flow.flow_id)}/breakpoints`;
  const act = async (work: Promise<unknown>) => {
    try {
      await work;
      setError(null);
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      setError(refused);
    }
    debugging.again();
  };
  const set = (what: BreakpointFields) => void act(client.post(path, { ...fieldsOf(flow, place), ...what }));
  const here = debugging.breakpoints.filter((point) => {
    const of = placeOfBreakpoint(flow, point);
    return of !== null && placeKey(of) === placeKey(place);
  });
  return (
    <section className="break" aria-label="breakpoints here">
      {here.map((point) => (
        <Shown
          key={point.breakpoint_id}
          point={point}
          remove={() => void act(client.delete(`${path}/${encodeURIComponent(point.breakpoint_id)}`))}
          turnOn={() => void act(client.put(`${path}/${encodeURIComponent(point.breakpoint_id)}`, { enabled: true }))}
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
          <button type="button" onClick={turnOn}>
            Turn on
          </button>
        )}
        <button type="button" onClick={remove}>
          Remove
        </button>
      </span>
    </div>
  );
}
