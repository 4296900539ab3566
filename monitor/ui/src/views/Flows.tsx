/** Here is the list of flows, the first thing one sees. */

import type { FlowList, WorkerList } from "../contract";
import { short } from "../format";
import { href } from "../route";
import { useApi } from "../useApi";
import { Answer, Command, Empty, Scrolled, Status } from "./parts";

export function Flows() {
  const flows = useApi<FlowList>("/flows?limit=200", 2000);
  const workers = useApi<WorkerList>("/workers?limit=500", 2000);
  return (
    <section className="sheet">
      <h1>Flows</h1>
      <Answer of={flows}>
        {({ flows: found }) =>
          found.length === 0 ? (
            <NoFlow />
          ) : (
            <Scrolled label="flows">
              <table>
                <thead>
                  <tr>
                    <th>flow</th>
                    <th>state</th>
                    <th className="number">routines</th>
                    <th className="number">connections</th>
                    <th className="number">jobs ended</th>
                    <th className="number">failed</th>
                  </tr>
                </thead>
                <tbody>
                  {found.map((flow) => {
                    const mine = (workers.data?.workers ?? []).filter((worker) => worker.flow_id === flow.flow_id);
                    const running = mine.find((worker) => worker.status !== "stopped");
                    return (
                      <tr key={flow.flow_id}>
                        <td>
                          <a href={href({ page: "flow", id: flow.flow_id })}>{flow.flow_id}</a>
                        </td>
                        <td>
                          <Status of={running?.status ?? "stopped"} />
                        </td>
                        <td className="number">{Object.keys(flow.routines).length}</td>
                        <td className="number">{flow.connections.length}</td>
                        <td className="number">{short(mine.reduce((sum, worker) => sum + worker.jobs_processed, 0))}</td>
                        <td className="number">{short(mine.reduce((sum, worker) => sum + worker.jobs_failed, 0))}</td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </Scrolled>
          )
        }
      </Answer>
    </section>
  );
}

function NoFlow() {
  return (
    <Empty>
      <p>No flow runs, and none is remembered. In a terminal beside this one, try</p>
      <ul>
        <li>
          a flow that comes with it: <Command>routilux demo --monitor</Command>
        </li>
        <li>
          one of the examples: <Command>routilux run examples/source_metrics.py:flow --monitor</Command>
        </li>
        <li>
          one that stays, and takes jobs from this page: <Command>routilux serve examples/source_metrics.py:flow</Command>
        </li>
      </ul>
    </Empty>
  );
}
