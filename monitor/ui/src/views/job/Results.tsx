/** Here is what a job's outputs have emitted, as long as somebody holds it. */

import type { ResultList } from "../../contract";
import { short } from "../../format";
import { useApi } from "../../useApi";
import { Answer, Empty } from "../parts";

export function Results({ path, every }: { path: string; every: number }) {
  const results = useApi<ResultList>(`${path}/results?limit=200`, every);
  return (
    <Answer of={results}>
      {({ results: found, total, truncated }) =>
        found.length === 0 ? (
          <Empty>
            No results are held: there were none, or whoever runs the job has taken them. Jobs submitted from here keep theirs as long as their runtime
            lives.
          </Empty>
        ) : (
          <>
            <p className="faint">
              {found.length} of {short(total)}
              {truncated && "; what is missing or cut short, only the runtime has"}
            </p>
            {found.map((result) => (
              <article key={result.message_id} className="result">
                <h3>
                  {result.routine_id}.{result.event_name}
                </h3>
                <pre>{JSON.stringify(result.payload, null, 2)}</pre>
              </article>
            ))}
          </>
        )
      }
    </Answer>
  );
}
