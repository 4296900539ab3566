/** Here is what log points have written, the newest first. */

import type { Line } from "./lines";

export function LogLines({ lines }: { lines: readonly Line[] }) {
  if (lines.length === 0) return null;
  return (
    <section className="lines" aria-label="lines of log points">
      <h3>What log points have written</h3>
      <ol>
        {lines.toReversed().map((line, at) => (
          <li key={lines.length - at}>
            <small className="faint">
              {line.job} {line.routine_id}
            </small>{" "}
            <code>{line.message}</code>
          </li>
        ))}
      </ol>
    </section>
  );
}
