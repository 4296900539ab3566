/** Here is the history: runtimes that have ended, with what they ran. It outlives them, and the monitor. */

import type { RuntimeItem, RuntimeList, Worker, WorkerList } from "../contract";
import { moment, seconds } from "../format";
import { href } from "../route";
import { useApi } from "../useApi";
import { Answer, Command, Empty, Scrolled } from "./parts";

export function History() {
  const runtimes = useApi<RuntimeList>("/runtimes", 5000);
  const workers = useApi<WorkerList>("/workers?limit=1000", 5000);
  return (
    <section className="sheet">
      <h1>History</h1>
      <Answer of={runtimes}>
        {({ runtimes: found }) => {
          const ended = endedFirst(found);
          if (ended.length === 0) return <Nothing />;
          return (
            <Scrolled label="ended runtimes">
              <table>
                <thead>
                  <tr>
                    <th>runtime</th>
                    <th>flows</th>
                    <th className="number">began</th>
                    <th className="number">ended</th>
                    <th className="number">ran for</th>
                    <th className="number">jobs ended</th>
                    <th className="number">failed</th>
                  </tr>
                </thead>
                <tbody>
                  {ended.map((runtime) => (
                    <Row key={runtime.runtime_id} runtime={runtime} workers={workersOf(runtime, workers.data?.workers)} />
                  ))}
                </tbody>
              </table>
            </Scrolled>
          );
        }}
      </Answer>
    </section>
  );
}

function Nothing() {
  return (
    <Empty>
      <p>No runtime has ended yet. Each comes here with its flows and jobs when it does, and stays for 14 days.</p>
      <p>
        To see one: <Command>routilux demo --monitor</Command>
      </p>
    </Empty>
  );
}

function Row({ runtime, workers }: { runtime: RuntimeItem; workers: readonly Worker[] }) {
  const flows = [...new Set(workers.map((worker) => worker.flow_id))];
  return (
    <tr>
      <td>
        <a href={href({ page: "runtime", id: runtime.runtime_id })}>{runtime.runtime_id}</a>
      </td>
      <td>{flows.length ? flows.join(", ") : "–"}</td>
      <td className="number">{moment(runtime.started_at)}</td>
      <td className="number">{runtime.ended_at === null ? "unseen" : moment(runtime.ended_at)}</td>
      <td className="number">{ranFor(runtime)}</td>
      <td className="number">{total(workers, "jobs_processed")}</td>
      <td className="number">{total(workers, "jobs_failed")}</td>
    </tr>
  );
}

/** Those that have ended, the newest first. */
export function endedFirst(runtimes: readonly RuntimeItem[]): RuntimeItem[] {
  return runtimes.filter((runtime) => runtime.is_shutdown).sort((a, b) => b.started_at - a.started_at);
}

export function workersOf(runtime: RuntimeItem, workers: readonly Worker[] = []): Worker[] {
  return workers.filter((worker) => worker.runtime_id === runtime.runtime_id);
}

export function ranFor({ started_at, ended_at }: { started_at: number; ended_at: number | null }): string {
  if (ended_at === null) return "–";
  return ended_at === started_at ? "< 1 s" : seconds(ended_at - started_at);
}

function total(workers: readonly Worker[], what: "jobs_processed" | "jobs_failed"): string {
  return workers.reduce((sum, worker) => sum + worker[what], 0).toLocaleString();
}
