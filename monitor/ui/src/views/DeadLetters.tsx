/** Here are the dead letters: messages that have killed their process too often, to be sent again or let go. */

import type { LetterList } from "../contract";
import { moment } from "../format";
import { useMonitor } from "../monitor";
import { toJob } from "../route";
import { once, useAct } from "../useAct";
import { useApi } from "../useApi";
import { Acting, Answer, Empty, Failure, Scrolled } from "./parts";

export function DeadLetters() {
  const letters = useApi<LetterList>("/dead-letters?limit=100", 2000);
  return (
    <section className="sheet">
      <h1>Dead letters</h1>
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
                        <LetterActions id={letter.id} again={letters.again} />
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

function LetterActions({ id, again }: { id: LetterList["dead_letters"][number]["id"]; again: () => void }) {
  const { client } = useMonitor();
  const { act, error } = useAct();
  const path = `/dead-letters/${id}`;
  return (
    <Acting>
      <span className="actions">
        <button type="button" onClick={once(() => void act(() => client.post(`${path}/requeue`)).then(again))}>
          Requeue
        </button>
        <button type="button" onClick={once(() => void act(() => client.delete(path)).then(again))}>
          Discard
        </button>
      </span>
      {error && <Failure error={error} />}
    </Acting>
  );
}
