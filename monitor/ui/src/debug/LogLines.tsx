/** Here is what log points have written, the newest first. */

import type { Line } from "./lines";

/** On the page of their job, when stands in the place of its name. */
export function LogLines({ lines, isOfOne = false }: { lines: readonly Line[]; isOfOne?: boolean }) {
  if (lines.length === 0) return null;
  return (
    <section className="lines" aria-label="lines of log points">
      <h3>What log points have written, the newest first</h3>
      <ol>
        {lines.toReversed().map((line, at) => (
          <li key={lines.length - at}>
            <small className="faint">
              {isOfOne ? line.timestamp.slice(11, 23) : line.job} {line.routine_id}
            </small>{" "}
            <code>{line.message}</code>
          </li>
        ))}
      </ol>
    </section>
  );
}
