/** Here is the button on a flow's page that opens the form for a job of it. */

import { useState } from "react";
import type { Flow } from "../contract";
import type { Draft } from "../route";
import { Acting } from "./parts";
import { firstSlot, SubmitForm } from "./SubmitForm";

export function SubmitHere({ flow }: { flow: Flow }) {
  const [draft, setDraft] = useState<Draft | null>(null);
  if (draft !== null) {
    return (
      <div className="submit-here">
        <SubmitForm flows={[flow]} draft={draft} change={setDraft} leave={() => setDraft(null)} />
      </div>
    );
  }
  return (
    <Acting>
      <button type="button" className="primary" onClick={() => setDraft({ flow: flow.flow_id, slot: firstSlot([flow], flow.flow_id), data: "" })}>
        Submit a job
      </button>
    </Acting>
  );
}
