/** Here is the form that submits a job: a slot, and a payload in JSON. */

import { type FormEvent, useState } from "react";
import type { Flow, Job } from "../contract";
import { useMonitor } from "../monitor";
import { href } from "../route";
import { Refused } from "../session";
import { Failure } from "./parts";

/** Routines that nothing leads to come first: they are the entries. */
export function slotsOf(flow: Flow): string[] {
  const fed = new Set(flow.connections.map((wire) => wire.target_routine));
  const routines = Object.values(flow.routines).sort(
    (a, b) => Number(fed.has(a.routine_id)) - Number(fed.has(b.routine_id)),
  );
  return routines.flatMap((routine) => routine.slots.map((slot) => `${routine.routine_id}.${slot}`));
}

export function SubmitForm({ flow, again }: { flow: Flow; again: () => void }) {
  const { client } = useMonitor();
  const [isOpen, setOpen] = useState(false);
  const [error, setError] = useState<Refused | null>(null);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [routine = "", slot = ""] = String(form.get("slot")).split(".");
    const text = String(form.get("data")).trim();
    try {
      const data: unknown = text === "" ? null : JSON.parse(text);
      const job = await client.post<Job>("/jobs", { flow_id: flow.flow_id, routine_id: routine, slot_name: slot, data });
      setOpen(false);
      setError(null);
      again();
      window.location.hash = href({ page: "job", id: job.job_id, tab: "overview" });
    } catch (refused) {
      if (refused instanceof Refused) setError(refused);
      else if (refused instanceof SyntaxError) setError(new Refused(0, "JSON", `The payload is no JSON: ${refused.message}`));
      else throw refused;
    }
  };
  if (!isOpen) {
    return (
      <button type="button" className="primary end" onClick={() => setOpen(true)}>
        Submit a job
      </button>
    );
  }
  return (
    <form className="submit end" onSubmit={(event) => void submit(event)}>
      <label>
        slot{" "}
        <select name="slot">
          {slotsOf(flow).map((slot) => (
            <option key={slot}>{slot}</option>
          ))}
        </select>
      </label>
      <input name="data" aria-label="payload, in JSON" placeholder='payload in JSON, e.g. {"n": 5}' autoFocus />
      <button type="submit" className="primary">
        Submit
      </button>
      <button type="button" onClick={() => setOpen(false)}>
        Close
      </button>
      {error && <Failure error={error} />}
    </form>
  );
}
