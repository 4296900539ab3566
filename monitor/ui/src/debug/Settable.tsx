/** Here is a variable of a held process that can be given another value, in JSON; the process is held on. */

import { type FormEvent, type ReactNode, useState } from "react";
import type { Variable } from "../contract";
import { useMonitor } from "../monitor";
import { useAct } from "../useAct";
import { Failure } from "../views/parts";
import { checkedJson } from "./json";

interface Settable {
  variable: Variable;
  /** The path of the job's debugging, and which hold of it. */
  base: string;
  hold: string;
  /** It has another value now. */
  changed: () => void;
  children: ReactNode;
}

export function Settable({ variable, base, hold, changed, children }: Settable) {
  const [text, setText] = useState<string | null>(null);
  const { act, error } = useAct();
  const { client } = useMonitor();
  const { value, wrong } = checkedJson(text ?? "");
  const set = async (event: FormEvent) => {
    event.preventDefault();
    const isSet = await act(() => client.put(`${base}/variables/${encodeURIComponent(variable.name)}`, { value, hold_id: hold, scope: variable.scope }));
    if (!isSet) return;
    setText(null);
    changed();
  };
  return (
    <div className="settable">
      {children}
      {text === null ? (
        <button type="button" aria-label={`set ${variable.name}`} onClick={() => setText(checkedJson(variable.value).wrong ? "" : variable.value)}>
          Set
        </button>
      ) : (
        <form onSubmit={(event) => void set(event)}>
          <input
            aria-label={`value of ${variable.name}, in JSON`}
            placeholder='JSON: 3, "text", {"n": 1}'
            value={text}
            onChange={(event) => setText(event.target.value)}
            aria-invalid={text !== "" && wrong !== null}
            autoFocus
          />
          <button type="submit" disabled={wrong !== null}>
            Set
          </button>
          <button type="button" onClick={() => setText(null)}>
            Leave it
          </button>
          {text !== "" && wrong !== null && <p className="wrong">{wrong}</p>}
          {error && <Failure error={error} />}
        </form>
      )}
    </div>
  );
}
