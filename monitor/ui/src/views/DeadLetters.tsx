/** Here are the dead letters: messages that have killed their process too often, to be sent again or let go. */

import { useState } from "react";
import type { LetterList } from "../contract";
import { clock } from "../format";
import { useMonitor } from "../monitor";
import { href } from "../route";
import { Refused } from "../session";
import { useApi } from "../useApi";
import { Answer, Empty, Failure } from "./parts";

export function DeadLetters() {
  const { client } = useMonitor();
  const [error, setError] = useState<Refused | null>(null);
  const letters = useApi<LetterList>("/dead-letters?limit=100", 2000);
  const act = async (work: () => Promise<unknown>) => {
    try {
      await work();
      setError(null);
    } catch (refused) {
      if (refused instanceof Refused) setError(refused);
    }
    letters.again();
  };
  return (
    <section className="sheet">
      <h1>Dead letters</h1>
      {error && <Failure error={error} />}
      <Answer of={letters}>
        {({ dead_letters: found }) =>
          found.length === 0 ? (
            <Empty>None. A message comes here when it has killed its process three times.</Empty>
          ) : (
            <table>
              <thead>
                <tr>
                  <th>to</th>
                  <th>job</th>
                  <th>payload</th>
                  <th>why</th>
                  <th className="number">when</th>
                  <th aria-label="actions" />
                </tr>
              </thead>
              <tbody>
                {found.map((letter) => (
                  <tr key={letter.id}>
                    <td>
                      {letter.routine_id}.{letter.slot_name}
                    </td>
                    <td>
                      <a href={href({ page: "job", id: letter.job_id, tab: "errors" })}>{letter.job_id}</a>
                    </td>
                    <td className="mono">{letter.preview}</td>
                    <td>
                      {letter.reason}, {letter.attempts} times
                    </td>
                    <td className="number">{clock(letter.created_at)}</td>
                    <td className="number">
                      <span className="actions">
                      <button type="button" onClick={() => void act(() => client.post(`/dead-letters/${letter.id}/requeue`))}>
                        Requeue
                      </button>
                      <button type="button" onClick={() => void act(() => client.delete(`/dead-letters/${letter.id}`))}>
                        Discard
                      </button>
                      </span>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Answer>
    </section>
  );
}
