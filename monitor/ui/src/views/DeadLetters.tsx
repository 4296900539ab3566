/** Here are the dead letters: messages that have killed their process too often, to be sent again or let go. */

import { useState } from "react";
import type { LetterList } from "../contract";
import { moment } from "../format";
import { useMonitor } from "../monitor";
import { toJob } from "../route";
import { Refused } from "../session";
import { useApi } from "../useApi";
import { Acting, Answer, Empty, Failure, Scrolled } from "./parts";

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
            <Empty>None. A message comes here when it has killed its process three times; then it can be sent again, or let go.</Empty>
          ) : (
            <Scrolled label="dead letters">
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
                        <a href={toJob(letter.job_id, "errors")}>{letter.job_id}</a>
                      </td>
                      <td className="mono">{letter.preview}</td>
                      <td>
                        {letter.reason}, {letter.attempts} times
                      </td>
                      <td className="number">{moment(letter.created_at)}</td>
                      <td className="number">
                        <Acting>
                          <span className="actions">
                            <button type="button" onClick={() => void act(() => client.post(`/dead-letters/${letter.id}/requeue`))}>
                              Requeue
                            </button>
                            <button type="button" onClick={() => void act(() => client.delete(`/dead-letters/${letter.id}`))}>
                              Discard
                            </button>
                          </span>
                        </Acting>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scrolled>
          )
        }
      </Answer>
    </section>
  );
}
