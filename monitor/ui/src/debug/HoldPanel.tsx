/** Here is a held message: what it is, how it came here, and what to do with it. */

import { useEffect, useState } from "react";
import type { CallStack, Variables } from "../contract";
import { useMonitor } from "../monitor";
import { href } from "../route";
import { Refused } from "../session";
import { useApi } from "../useApi";
import { Failure } from "../views/parts";
import { EditForm } from "./EditForm";
import { JsonTree } from "./JsonTree";
import type { Held } from "./useDebug";

interface Action {
  name: string;
  path: string;
  key?: string;
}

const GO_ON: readonly Action[] = [
  { name: "Resume", path: "resume", key: "F8" },
  { name: "Step", path: "step", key: "F11" },
  { name: "Over", path: "step-over", key: "F10" },
  { name: "Into", path: "step-into", key: "F9" },
  { name: "Drop", path: "drop" },
];
const AFTER_FAILURE: readonly Action[] = [
  { name: "Retry", path: "retry", key: "F8" },
  { name: "Skip", path: "skip" },
  { name: "Fail the job", path: "fail" },
];

export function HoldPanel({ held, others, again }: { held: Held; others: number; again: () => void }) {
  const { job, hold } = held;
  const { client } = useMonitor();
  const [error, setError] = useState<Refused | null>(null);
  const base = `/jobs/${encodeURIComponent(job)}/debug`;
  const act = async (path: string, body: unknown = {}) => {
    try {
      await client.post(`${base}/holds/${encodeURIComponent(hold.hold_id)}/${path}`, body);
      setError(null);
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      setError(refused);
    }
    again();
  };
  const actions = hold.type === "error" ? AFTER_FAILURE : GO_ON;
  useKeys(actions, (path) => void act(path));
  const where = hold.connection_id?.replace("->", " → ") ?? `${hold.routine_id}${hold.event_name ? `.${hold.event_name}` : hold.slot_name ? `.${hold.slot_name}` : ""}`;
  return (
    <section className="hold" aria-label="held message">
      <h2>Held at {where}</h2>
      <p className="faint">
        {hold.type} of <a href={href({ page: "job", id: job, tab: "overview" })}>{job}</a>, in{" "}
        {hold.process === 0 ? "the supervisor" : `${hold.routine_id}-${hold.replica}`}
        {others > 0 && `; ${others} more held`}
      </p>
      <div className="actions">
        {actions.map((action) => (
          <button key={action.path} type="button" className={action.key === "F8" ? "primary" : ""} title={action.key ?? ""} onClick={() => void act(action.path)}>
            {action.name}
            {action.key && <kbd>{action.key}</kbd>}
          </button>
        ))}
      </div>
      {error && <Failure error={error} />}
      {hold.error && <pre className="traceback">{hold.error}</pre>}
      <h3>Message</h3>
      {hold.is_whole ? <JsonTree value={hold.data} /> : <pre>{hold.preview}</pre>}
      {hold.is_whole && <EditForm key={hold.hold_id} payload={hold.data} edit={(payload) => void act(hold.type === "error" ? "retry" : "edit", { payload })} />}
      {hold.process !== 0 && <Frames base={base} hold={hold.hold_id} />}
    </section>
  );
}

function Frames({ base, hold }: { base: string; hold: string }) {
  const asked = `hold_id=${encodeURIComponent(hold)}`;
  const stack = useApi<CallStack>(`${base}/call-stack?${asked}`);
  const found = useApi<Variables>(`${base}/variables?${asked}`);
  return (
    <>
      <h3>Call stack</h3>
      {stack.data?.call_stack.length ? (
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
      {(found.data?.variables.length ?? 0) > 0 && (
        <>
          <h3>Variables</h3>
          <table className="variables">
            <tbody>
              {found.data?.variables.map((variable) => (
                <tr key={`${variable.scope} ${variable.path}`}>
                  <th scope="row">{variable.name}</th>
                  <td>
                    <code>{variable.value}</code>
                  </td>
                  <td className="faint">
                    {variable.type}, {variable.scope}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </>
  );
}

/** The keys of a debugger, while something is held and nobody types. */
function useKeys(actions: readonly Action[], act: (path: string) => void) {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const action = actions.find((each) => each.key === event.key);
      if (action === undefined || event.repeat) return;
      event.preventDefault();
      act(action.path);
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  });
}
