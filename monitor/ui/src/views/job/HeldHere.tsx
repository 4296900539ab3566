/** Here are the messages of a job that a debugger holds, with what can be done with the oldest of them. */

import { HoldPanel } from "../../debug/HoldPanel";
import type { Session } from "../../contract";
import { useApi } from "../../useApi";
import { Acting } from "../parts";

/** To ask keeps the session alive while somebody looks. */
const EVERY_MS = 1000;

export function HeldHere({ job }: { job: string }) {
  const session = useApi<Session>(`/jobs/${encodeURIComponent(job)}/debug/session`, EVERY_MS);
  const [hold, ...others] = session.data?.holds ?? [];
  if (hold === undefined) return null;
  return (
    <div className="held-here">
      <Acting says>
        <HoldPanel key={hold.hold_id} held={{ job, hold }} others={others.length} again={session.again} />
      </Acting>
    </div>
  );
}
