/** Here is the page on which a job is submitted, to any flow that runs; a link can fill it in. */

import { useState } from "react";
import type { FlowList, WorkerList } from "../contract";
import type { Draft } from "../route";
import { useApi } from "../useApi";
import { Answer, Command, Empty } from "./parts";
import { firstSlot, SubmitForm } from "./SubmitForm";

export function SubmitPage({ draft }: { draft: Draft }) {
  const flows = useApi<FlowList>("/flows?limit=1000", 5000);
  const workers = useApi<WorkerList>("/workers?limit=1000", 5000);
  const running = new Set(workers.data?.workers.filter((worker) => worker.stopped_at === null).map((worker) => worker.flow_id));
  const [typed, setTyped] = useState<Draft | null>(null);
  return (
    <section className="sheet">
      <h1>Submit a job</h1>
      <Answer of={flows}>
        {({ flows: found }) => {
          const alive = found.filter((flow) => running.has(flow.flow_id));
          const now = typed ?? filled(draft, alive);
          if (alive.length === 0 && workers.data !== undefined) return <NoneRuns wanted={draft.flow} />;
          return (
            <>
              {draft.flow !== "" && !running.has(draft.flow) && workers.data !== undefined && (
                <p className="wrong" role="alert">
                  The flow {draft.flow} does not run now.
                </p>
              )}
              <SubmitForm flows={alive} draft={now} change={setTyped} />
            </>
          );
        }}
      </Answer>
    </section>
  );

  function filled(given: Draft, alive: FlowList["flows"]): Draft {
    const flow = given.flow || (alive.length === 1 ? (alive[0]?.flow_id ?? "") : "");
    return { flow, slot: given.slot || firstSlot(alive, flow), data: given.data };
  }
}

function NoneRuns({ wanted }: { wanted: string }) {
  return (
    <Empty>
      <p>{wanted ? `The flow ${wanted} does not run now, and no other does.` : "No flow runs now."} Keep one warm for jobs from here:</p>
      <p>
        <Command>routilux serve examples/source_metrics.py:flow</Command>
      </p>
    </Empty>
  );
}
