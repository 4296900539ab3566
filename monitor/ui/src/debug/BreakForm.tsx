/** Here is the form that sets a breakpoint: of which messages, what it holds, or the line it writes instead. */

import { type FormEvent, useEffect, useState } from "react";
import type { BreakpointFields, ConditionChecked } from "../contract";
import { useMonitor } from "../monitor";
import { once } from "../useAct";
import { type Draft, EMPTY, HOLDS, type Suspend, whatOf } from "./draft";

export function BreakForm({ suspends, set }: { suspends: readonly Suspend[]; set: (what: BreakpointFields) => void }) {
  const [draft, setDraft] = useState(EMPTY);
  const checked = useChecked(draft.condition);
  const change = (fields: Partial<Draft>) => setDraft((before) => ({ ...before, ...fields }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    set(whatOf(draft));
  };
  return (
    <form onSubmit={submit}>
      <div className="which">
        <input
          aria-label="condition"
          placeholder='condition, e.g. data["n"] > 3'
          value={draft.condition}
          onChange={(event) => change({ condition: event.target.value })}
          aria-invalid={checked !== null && !checked.valid}
        />
        <button type="submit" disabled={checked !== null && !checked.valid} onClick={once(() => undefined)}>
          Break here
        </button>
      </div>
      {checked !== null && <Verdict condition={draft.condition} checked={checked} />}
      <More draft={draft} suspends={suspends} change={change} />
    </form>
  );
}

function More({ draft, suspends, change }: { draft: Draft; suspends: readonly Suspend[]; change: (fields: Partial<Draft>) => void }) {
  return (
    <details className="more">
      <summary>What it does</summary>
      <label>
        <span>Hold</span>
        <select aria-label="hold" value={draft.suspend} disabled={draft.isLog} onChange={(event) => change({ suspend: event.target.value as Suspend })}>
          {suspends.map((each) => (
            <option key={each} value={each}>
              {HOLDS[each]}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Of its hits</span>
        <input value={draft.hits} placeholder="all; or >= 3, == 5, % 10" maxLength={64} onChange={(event) => change({ hits: event.target.value })} />
      </label>
      <label className="tick">
        <input type="checkbox" checked={draft.isOnce} onChange={(event) => change({ isOnce: event.target.checked })} />
        Once, then it is off
      </label>
      <label className="tick">
        <input type="checkbox" checked={draft.isLog} onChange={(event) => change({ isLog: event.target.checked })} />
        Write a line, hold nothing
      </label>
      {draft.isLog && (
        <label>
          <span>Line</span>
          <input value={draft.line} placeholder='the message; or {data["n"]} of {job}' maxLength={4096} onChange={(event) => change({ line: event.target.value })} />
        </label>
      )}
    </details>
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
