/** Here are the breakpoints of one place of the graph, and the form that sets one. */

import { type FormEvent, useEffect, useState } from "react";
import type { Breakpoint, ConditionChecked, Flow } from "../contract";
import { short } from "../format";
import { fieldsOf, type Place, placeKey, placeOfBreakpoint } from "../graph/place";
import { useMonitor } from "../monitor";
import { Refused } from "../session";
import { Failure } from "../views/parts";
import type { Debugging } from "./useDebug";

export function BreakHere({ flow, place, debugging }: { flow: Flow; place: Place; debugging: Debugging }) {
  const { client } = useMonitor();
  const [condition, setCondition] = useState("");
  const [error, setError] = useState<Refused | null>(null);
  const checked = useChecked(condition);
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
  const set = (event: FormEvent) => {
    event.preventDefault();
    void act(client.post(path, { ...fieldsOf(flow, place), ...(condition ? { condition } : {}) }));
  };
  const here = debugging.breakpoints.filter((point) => {
    const of = placeOfBreakpoint(flow, point);
    return of !== null && placeKey(of) === placeKey(place);
  });
  return (
    <section className="break" aria-label="breakpoints here">
      {here.map((point) => (
        <Shown key={point.breakpoint_id} point={point} remove={() => void act(client.delete(`${path}/${encodeURIComponent(point.breakpoint_id)}`))} />
      ))}
      <form onSubmit={set}>
        <input
          aria-label="condition"
          placeholder='condition, e.g. data["n"] > 3'
          value={condition}
          onChange={(event) => setCondition(event.target.value)}
          aria-invalid={checked !== null && !checked.valid}
        />
        <button type="submit" disabled={checked !== null && !checked.valid}>
          Break here
        </button>
      </form>
      {checked !== null && <Verdict condition={condition} checked={checked} />}
      {error && <Failure error={error} />}
    </section>
  );
}

/** That it is a condition, or what is wrong with it and where. */
function Verdict({ condition, checked }: { condition: string; checked: ConditionChecked }) {
  if (checked.valid) return <p className="fine">This can be asked of each message.</p>;
  const from = checked.column ?? 0;
  const to = Math.min(condition.length, from + Math.max(1, checked.length ?? 1));
  return (
    <div className="wrong" role="alert">
      <code className="where">
        {condition.slice(0, from)}
        <mark>{condition.slice(from, to) || "␣"}</mark>
        {condition.slice(to)}
      </code>
      <p>
        Column {from + 1}: {checked.message}
      </p>
    </div>
  );
}

function Shown({ point, remove }: { point: Breakpoint; remove: () => void }) {
  return (
    <div className="point">
      <span className="bullet" aria-hidden="true" />
      <span>
        <code>{point.condition ?? "always"}</code>
        <small className="faint"> {short(point.hit_count)} hits</small>
        {point.condition_errors > 0 && <small className="wrong"> {point.last_error}</small>}
      </span>
      <button type="button" onClick={remove}>
        Remove
      </button>
    </div>
  );
}

/** What the monitor says of a condition, a moment after the last key. */
function useChecked(condition: string): ConditionChecked | null {
  const { client } = useMonitor();
  const [checked, setChecked] = useState<ConditionChecked | null>(null);
  useEffect(() => {
    setChecked(null);
    if (condition === "") return undefined;
    let isWanted = true;
    const timer = window.setTimeout(() => {
      client.post<ConditionChecked>("/conditions/check", { condition }).then(
        (found) => {
          if (isWanted) setChecked(found);
        },
        () => undefined, // setting it will say what is wrong
      );
    }, 200);
    return () => {
      isWanted = false;
      window.clearTimeout(timer);
    };
  }, [client, condition]);
  return checked;
}
