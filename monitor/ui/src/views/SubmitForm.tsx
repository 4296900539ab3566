/** Here is the form that submits a job: where to, a payload in JSON, and what is wrong with either as one types. */

import { type FormEvent, type ReactNode, type RefObject, useEffect, useId, useRef, useState } from "react";
import type { Flow, Job } from "../contract";
import { useMonitor } from "../monitor";
import { type Draft, go, toJob } from "../route";
import { Refused } from "../session";
import { type Faults, faultOf, faultsOf, jobOf, slotsOf } from "../submission";
import { remember } from "../submitted";
import { Acting } from "./parts";

interface Props {
  flows: readonly Flow[];
  draft: Draft;
  change: (draft: Draft) => void;
  /** Given where the flow is settled. */
  leave?: () => void;
}

export function SubmitForm({ flows, draft, change, leave }: Props) {
  const { faults, timeout, isPaused, set, setTimeLimit, setPaused, submit } = useSubmission(draft, change);
  const flow = flows.find((each) => each.flow_id === draft.flow);
  return (
    <Acting says>
      <form className="submit" onSubmit={(event) => void submit(event)} noValidate>
        {leave === undefined && (
          <Labelled label="flow" fault={faults.flow}>
            {(field) => <Select {...field} value={draft.flow} of={flows.map((each) => each.flow_id)} choose={(name) => set({ flow: name, slot: firstSlot(flows, name) })} />}
          </Labelled>
        )}
        <Labelled label="slot" fault={faults.slot}>
          {(field) => <Select {...field} value={draft.slot} of={flow ? slotsOf(flow) : []} choose={(slot) => set({ slot })} />}
        </Labelled>
        <Labelled label="payload, in JSON" fault={faults.data}>
          {(field) => (
            <textarea {...field} rows={Math.min(12, draft.data.split("\n").length + 1)} className="mono" placeholder='e.g. {"n": 5}; nothing is null' value={draft.data} onChange={(event) => set({ data: event.target.value })} />
          )}
        </Labelled>
        <div className="bar">
          <Labelled label="time limit, in seconds" fault={faults.timeout}>
            {(field) => <input {...field} inputMode="decimal" placeholder="none" value={timeout} onChange={(event) => setTimeLimit(event.target.value)} />}
          </Labelled>
          <label className="check">
            <input type="checkbox" checked={isPaused} onChange={(event) => setPaused(event.target.checked)} /> start paused
          </label>
        </div>
        {faults[""] && (
          <p className="failure" role="alert">
            {faults[""]}
          </p>
        )}
        <div className="actions">
          <button type="submit" className="primary">
            Submit
          </button>
          {leave && (
            <button type="button" onClick={leave}>
              Close
            </button>
          )}
        </div>
      </form>
    </Acting>
  );
}

/** What is typed, what is wrong with it, and the sending of it. */
function useSubmission(draft: Draft, change: (draft: Draft) => void) {
  const { client } = useMonitor();
  const [timeout, setTimeLimit] = useState("");
  const [isPaused, setPaused] = useState(false);
  const [refused, setRefused] = useState<Faults>({});
  const [isTried, setTried] = useState(false);
  const isOnItsWay = useRef(false);
  const isShown = useShown();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    const made = jobOf(draft, timeout, isPaused);
    if ("faults" in made || isOnItsWay.current) return;
    isOnItsWay.current = true;
    try {
      const job = await client.post<Job>("/jobs", made.post);
      remember(sessionStorage, job.job_id, draft);
      if (isShown.current) go(toJob(job.job_id)); // whoever has gone elsewhere meanwhile stays there
    } catch (wrong) {
      if (!(wrong instanceof Refused)) throw wrong;
      setRefused(faultOf(wrong));
    } finally {
      isOnItsWay.current = false;
    }
  };
  const { data, timeout: limit, ...unchosen } = faultsOf(draft, timeout);
  return {
    // That nothing is chosen yet is no reproach until it is submitted so.
    faults: { ...(isTried ? unchosen : {}), ...(data && { data }), ...(limit && { timeout: limit }), ...refused } as Faults,
    timeout,
    isPaused,
    set: (part: Partial<Draft>) => {
      setRefused({});
      change({ ...draft, ...part });
    },
    setTimeLimit: (text: string) => {
      setRefused({});
      setTimeLimit(text);
    },
    setPaused,
    submit,
  };
}

function useShown(): RefObject<boolean> {
  const isShown = useRef(false);
  useEffect(() => {
    isShown.current = true;
    return () => {
      isShown.current = false;
    };
  }, []);
  return isShown;
}

export function firstSlot(flows: readonly Flow[], name: string): string {
  const flow = flows.find((each) => each.flow_id === name);
  return flow === undefined ? "" : (slotsOf(flow)[0] ?? "");
}

interface FieldProps {
  id: string;
  "aria-invalid": boolean;
  "aria-describedby": string | undefined;
}

/** A field under its name, with what is wrong with it below. */
function Labelled({ label, fault, children }: { label: string; fault: string | undefined; children: (field: FieldProps) => ReactNode }) {
  const id = useId();
  return (
    <div className="labelled">
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-invalid": fault !== undefined, "aria-describedby": fault === undefined ? undefined : `${id}-fault` })}
      {fault !== undefined && (
        <p className="wrong" id={`${id}-fault`} role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}

function Select({ value, of, choose, ...field }: FieldProps & { value: string; of: readonly string[]; choose: (value: string) => void }) {
  return (
    <select {...field} value={of.includes(value) ? value : ""} onChange={(event) => choose(event.target.value)}>
      {!of.includes(value) && <option value="">choose…</option>}
      {of.map((each) => (
        <option key={each}>{each}</option>
      ))}
    </select>
  );
}
