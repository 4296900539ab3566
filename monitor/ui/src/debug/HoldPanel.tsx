/** Here is a held message: what it is, how it came here, and what to do with it. */

import { useLayoutEffect, useRef } from "react";
import type { CallStack, Flow, Hold, Variables } from "../contract";
import { type Place, placeOfHold } from "../graph/place";
import { useMonitor } from "../monitor";
import { href } from "../route";
import { once, useAct } from "../useAct";
import { useApi } from "../useApi";
import { Failure } from "../views/parts";
import { EditForm } from "./EditForm";
import { JsonTree } from "./JsonTree";
import type { Held } from "./useDebug";
import { VariableList, VariableTree } from "./VariableTree";
import { Way } from "./Way";

interface Action {
  name: string;
  path: string;
  key?: string;
}

const GO_ON: readonly Action[] = [
  { name: "Resume", path: "resume", key: "F8" },
  { name: "Over", path: "step-over", key: "F10" },
  { name: "Into", path: "step-into", key: "F11" },
  { name: "Step", path: "step", key: "⇧F11" },
  { name: "Drop", path: "drop" },
];
const AFTER_FAILURE: readonly Action[] = [
  { name: "Retry", path: "retry", key: "F8" },
  { name: "Skip", path: "skip" },
  { name: "Fail the job", path: "fail" },
];

const NONE: readonly Action[] = [];

/** Beside a graph. */
interface OnGraph {
  flow: Flow;
  /** Which of how many, from 0. */
  at: number;
  of: number;
  show: (at: number) => void;
  go: (place: Place) => void;
}

interface Shown {
  held: Held;
  again: () => void;
  /** How many more are held, where one cannot go to them. */
  others?: number;
  graph?: OnGraph;
}

export function HoldPanel({ held, again, others = 0, graph }: Shown) {
  const { job, hold } = held;
  const { client, role } = useMonitor();
  const { act, error } = useAct();
  const hasGoneOn = useRef(false);
  const base = `/jobs/${encodeURIComponent(job)}/debug`;
  const goOn = async (path: string, body: unknown = {}) => {
    if (hasGoneOn.current) return; // a key pressed once more is not for what is no longer held
    if (await act(() => client.post(`${base}/holds/${encodeURIComponent(hold.hold_id)}/${path}`, body))) hasGoneOn.current = true;
    again();
  };
  const actions = hold.type === "error" ? AFTER_FAILURE : GO_ON;
  useKeys(role === "view" ? NONE : actions, (path) => void goOn(path));
  const clicked = ({ path }: Action) => (path.startsWith("step") ? () => void goOn(path) : once(() => void goOn(path)));
  const place = placeOfHold(hold);
  const isEntry = hold.process === 0 || graph?.flow.connections.every((each) => each.target_routine !== hold.routine_id);
  const where = hold.connection_id?.replace("->", " → ") ?? `${hold.routine_id}${hold.event_name ? `.${hold.event_name}` : hold.slot_name ? `.${hold.slot_name}` : ""}`;
  return (
    <section className="hold" aria-label="held message">
      <h2>Held at {where}</h2>
      {graph && graph.of > 1 && <Neighbours {...graph} />}
      <p className="faint">
        {hold.type} of <a href={href({ page: "job", id: job, tab: "overview" })}>{job}</a>, in{" "}
        {hold.process === 0 ? "the supervisor" : `${hold.routine_id}-${hold.replica}`}
        {others > 0 && `; ${others} more held`}
      </p>
      <div className="actions">
        {actions.map((action) => (
          <button key={action.path} type="button" className={action.key === "F8" ? "primary" : ""} title={action.key ?? ""} onClick={clicked(action)}>
            {action.name}
            {action.key && <kbd>{action.key}</kbd>}
          </button>
        ))}
        {place !== null && graph && (
          <button type="button" title="bring it into view" onClick={() => graph.go(place)}>
            Show
          </button>
        )}
      </div>
      {error && <Failure error={error} />}
      {hold.error && <pre className="traceback">{hold.error}</pre>}
      <h3>Message</h3>
      <Message base={base} hold={hold} />
      {hold.is_whole && <EditForm key={hold.hold_id} payload={hold.data} edit={(payload) => void goOn(hold.type === "error" ? "retry" : "edit", { payload })} />}
      {graph && (
        <Way
          flow={graph.flow}
          job={job}
          messages={hold.parents.length > 0 ? hold.parents : [hold.message_id]}
          isSubmitted={isEntry === true}
          go={graph.go}
        />
      )}
      {hold.process !== 0 && <Frames base={base} hold={hold.hold_id} />}
    </section>
  );
}

/** The held messages before and after. */
function Neighbours({ at, of, show }: OnGraph) {
  return (
    <nav className="bar" aria-label="what is held">
      <button type="button" disabled={at === 0} onClick={() => show(at - 1)}>
        Previous
      </button>
      <span>
        {at + 1} of {of}
      </span>
      <button type="button" disabled={at === of - 1} onClick={() => show(at + 1)}>
        Next
      </button>
    </nav>
  );
}

/** As it has travelled, if that is all of it; else as the held process sees it. */
function Message({ base, hold }: { base: string; hold: Hold }) {
  const isSeen = !hold.is_whole && hold.process !== 0;
  const { data, error } = useApi<Variables>(isSeen ? `${base}/variables?hold_id=${encodeURIComponent(hold.hold_id)}` : null);
  if (!isSeen) return hold.data === null && !hold.is_whole ? <pre>{hold.preview}</pre> : <JsonTree value={hold.data} />;
  const seen = data?.variables.find((each) => each.scope === "message");
  if (seen === undefined) return <pre>{error?.message ?? hold.preview}</pre>;
  return <VariableTree variable={seen} base={base} hold={hold.hold_id} isOpen />;
}

function Frames({ base, hold }: { base: string; hold: string }) {
  const asked = `hold_id=${encodeURIComponent(hold)}`;
  const stack = useApi<CallStack>(`${base}/call-stack?${asked}`);
  const found = useApi<Variables>(`${base}/variables?${asked}`);
  return (
    <>
      <h3>Call stack</h3>
      {stack.data === undefined ? (
        <p className="faint">{stack.error?.message ?? "Looking…"}</p>
      ) : stack.data.call_stack.length ? (
        <ol className="frames">
          {stack.data.call_stack.map((frame, at) => (
            <li key={at}>
              <code>{frame.text || frame.function}</code>
              <small className="faint">
                {frame.function}, {frame.file.split("/").at(-1)}:{frame.line}
              </small>
            </li>
          ))}
        </ol>
      ) : (
        <p className="faint">No function is under way: it has returned what is held.</p>
      )}
      {found.data?.variables.some((each) => each.scope !== "message") && (
        <div className="variables">
          <h3>Variables</h3>
          <VariableList variables={found.data.variables} changed={found.again} base={base} hold={hold} />
        </div>
      )}
    </>
  );
}

/**
 * The keys of a debugger, while something is held. F5 is F8: whoever presses it wants to go on.
 *
 * Before the browser paints: a key is for what is seen, never for what was held before it.
 */
function useKeys(actions: readonly Action[], act: (path: string) => void) {
  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const key = `${event.shiftKey ? "⇧" : ""}${event.key === "F5" ? "F8" : event.key}`;
      const action = actions.find((each) => each.key === key);
      if (action === undefined || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      act(action.path);
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  });
}
