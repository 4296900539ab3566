/** Here are the buttons that pause, resume and cancel a job, as long as it has not ended. */

import { useMonitor } from "../monitor";
import { once, useAct } from "../useAct";
import { Acting, Failure } from "./parts";

const UNDER_WAY = ["running", "paused", "pending"];

export function JobActions({ id, status, again }: { id: string; status: string; again: () => void }) {
  const { client } = useMonitor();
  const { act, error } = useAct();
  const tell = (action: string) => once(() => void act(() => client.post(`/jobs/${encodeURIComponent(id)}/${action}`)).then(again));
  if (!UNDER_WAY.includes(status)) return null;
  const turn = status === "paused" ? "Resume" : "Pause";
  return (
    <Acting>
      <span className="actions">
        <button type="button" onClick={tell(turn.toLowerCase())}>
          {turn}
        </button>
        <button type="button" onClick={tell("cancel")}>
          Cancel
        </button>
      </span>
      {error && <Failure error={error} />}
    </Acting>
  );
}
