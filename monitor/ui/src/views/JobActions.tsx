/** Here are the buttons that pause, resume and cancel a job, as long as it has not ended. */

import { useState } from "react";
import { useMonitor } from "../monitor";
import { Refused } from "../session";
import { Acting, Failure } from "./parts";

const UNDER_WAY = ["running", "paused", "pending"];

export function JobActions({ id, status, again }: { id: string; status: string; again: () => void }) {
  const { client } = useMonitor();
  const [error, setError] = useState<Refused | null>(null);
  const act = async (action: string) => {
    try {
      await client.post(`/jobs/${encodeURIComponent(id)}/${action}`);
      setError(null);
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      setError(refused);
    }
    again();
  };
  if (!UNDER_WAY.includes(status)) return null;
  const turn = status === "paused" ? "Resume" : "Pause";
  return (
    <Acting>
      <span className="actions">
        <button type="button" onClick={() => void act(turn.toLowerCase())}>
          {turn}
        </button>
        <button type="button" onClick={() => void act("cancel")}>
          Cancel
        </button>
      </span>
      {error && <Failure error={error} />}
    </Acting>
  );
}
