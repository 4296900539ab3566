/** Here are the processes of all running flows: what they cost, and how often each was started again. */

import type { ProcessList, WorkerList } from "../contract";
import { bytes, seconds, short } from "../format";
import { href } from "../route";
import { useApi } from "../useApi";
import { Answer, Command, Empty, Scrolled, Status } from "./parts";

export function Processes() {
  const workers = useApi<WorkerList>("/workers?limit=100", 2000);
  return (
    <section className="sheet">
      <h1>Processes</h1>
      <Answer of={workers}>
        {({ workers: found }) => {
          const running = found.filter((worker) => worker.status !== "stopped");
          if (running.length === 0) return <NoneRuns />;
          return running.map((worker) => (
            <section key={worker.worker_id}>
              <h2>
                <a href={href({ page: "flow", id: worker.flow_id })}>{worker.flow_id}</a>
              </h2>
              <OfFlow worker={worker.worker_id} />
            </section>
          ));
        }}
      </Answer>
    </section>
  );
}

function NoneRuns() {
  return (
    <Empty>
      <p>No flow runs now: its processes are here while it does, and under History what it has done. To see some:</p>
      <p>
        <Command>routilux demo --monitor</Command>
      </p>
    </Empty>
  );
}

export function OfFlow({ worker }: { worker: string }) {
  const processes = useApi<ProcessList>(`/workers/${encodeURIComponent(worker)}/processes`, 1000);
  return (
    <Answer of={processes}>
      {({ processes: found }) => (
        <Scrolled label="processes">
          <table>
            <thead>
              <tr>
                <th>process</th>
                <th>state</th>
                <th className="number">pid</th>
                <th className="number">CPU</th>
                <th className="number">private</th>
                <th className="number">shared</th>
                <th className="number">activations</th>
                <th className="number">errors</th>
                <th className="number">restarts</th>
                <th className="number">up</th>
              </tr>
            </thead>
            <tbody>
              {found.map((process) => (
                <tr key={process.process}>
                  <td>{process.routine_id ? `${process.routine_id}-${process.index}` : "supervisor"}</td>
                  <td>
                    <Status of={process.state} />
                  </td>
                  <td className="number">{process.pid}</td>
                  <td className="number">{process.cpu_percent === null ? "–" : `${process.cpu_percent.toFixed(0)} %`}</td>
                  <td className="number">{process.private_bytes === null ? "–" : bytes(process.private_bytes)}</td>
                  <td className="number">{bytes(process.shared_memory_bytes)}</td>
                  <td className="number">{short(process.activations)}</td>
                  <td className="number">{short(process.errors)}</td>
                  <td className="number">{process.restarts}</td>
                  <td className="number">{seconds(process.uptime_seconds)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolled>
      )}
    </Answer>
  );
}
