/** Here is the way of a message, back to the submission: marked on the graph, and each step a click away. */

import { useEffect, useMemo, useState } from "react";
import type { Flow, Lineage } from "../contract";
import { type Place, wayKey } from "../graph/place";
import { placesOf, stepsOf } from "../graph/way";
import { useMonitor } from "../monitor";
import { Refused } from "../session";
import { store } from "../store";

interface Followed {
  flow: Flow;
  job: string;
  /** Those whose way is wanted. */
  messages: readonly string[];
  /** Whether they were submitted: nothing led to them. */
  isSubmitted?: boolean;
  go: (place: Place) => void;
}

/** Messages whose lineage is asked for; a batch may have thousands. */
const MOST = 8;
const SHOWN = 40;
/** What an activation has done is told a moment after it has ended: so a way that is not whole is asked for again. */
const EVERY_MS = 1000;
const TURNS = 5;

export function Way({ flow, job, messages, isSubmitted = false, go }: Followed) {
  const { lineages, error } = useLineages(job, isSubmitted ? [] : messages.slice(0, MOST));
  const steps = useMemo(() => stepsOf(flow, lineages), [flow, lineages]);
  useEffect(() => {
    const keys = placesOf(flow, steps).map((place) => wayKey(flow.flow_id, place));
    for (const key of keys) store.set(key, true);
    return () => keys.forEach((key) => store.set(key, undefined));
  }, [flow.flow_id, steps]);
  return (
    <section className="way" aria-label="way of the message">
      <h3>How it came here</h3>
      {isSubmitted && <p className="faint">It was submitted to this routine, or comes of what was.</p>}
      {error !== null && <NotTraced job={job} error={error} />}
      <ol>
        {steps.slice(0, SHOWN).map((step) => (
          <li key={step.message}>
            <button type="button" disabled={step.place === null} onClick={() => step.place && go(step.place)}>
              {step.text}
            </button>
            <code>{step.preview}</code>
          </li>
        ))}
      </ol>
      {steps.length > SHOWN && <p className="faint">and {steps.length - SHOWN} more messages</p>}
      {lineages.length > 0 && lineages.some((each) => !each.is_whole) && <p className="faint">The trace does not have what was before that.</p>}
    </section>
  );
}

function useLineages(job: string, messages: readonly string[]): { lineages: readonly Lineage[]; error: Refused | null } {
  const { client } = useMonitor();
  const [found, setFound] = useState<{ lineages: readonly Lineage[]; error: Refused | null }>({ lineages: [], error: null });
  const names = JSON.stringify(messages);
  useEffect(() => {
    let isWanted = true;
    let timer = 0;
    const ask = (message: string) => client.get<Lineage>(`/jobs/${encodeURIComponent(job)}/messages/${encodeURIComponent(message)}/lineage`);
    const look = async (turn: number) => {
      const answers = await Promise.allSettled((JSON.parse(names) as string[]).map(ask));
      if (!isWanted) return;
      const lineages = answers.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
      const refused = answers.find((each) => each.status === "rejected")?.reason as unknown;
      setFound({ lineages, error: refused instanceof Refused && lineages.length === 0 ? refused : null });
      const isAll = lineages.length === answers.length && lineages.every((each) => each.is_whole);
      if (!isAll && turn < TURNS) timer = window.setTimeout(() => void look(turn + 1), EVERY_MS);
    };
    void look(1);
    return () => {
      isWanted = false;
      window.clearTimeout(timer);
    };
  }, [client, job, names]);
  return found;
}

/** Why there is no way to show, and what to do about it. */
function NotTraced({ job, error }: { job: string; error: Refused }) {
  const { line } = useMonitor();
  const [isTraced, setTraced] = useState(false);
  useEffect(() => (isTraced ? line.follow({ job_id: job }) : undefined), [isTraced, line, job]);
  if (error.code !== "MESSAGE_NOT_FOUND") return <p className="wrong">{error.message}</p>;
  return (
    <>
      <p className="faint">
        The trace does not have the message that led here: who made it is still at work, or the job is traced in part only.
      </p>
      <button type="button" disabled={isTraced} onClick={() => setTraced(true)}>
        {isTraced ? "All of the job is traced while you look" : "Trace all of this job from now on"}
      </button>
    </>
  );
}
