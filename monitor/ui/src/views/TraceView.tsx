/** Here is the task stream of a job: every process on one time axis, an activation a bar. */

import { useMemo, useState } from "react";
import type { ExecutionEvent } from "../contract";
import { seconds } from "../format";

const ROW = 24;
const LEFT = 150;
const WIDTH = 1000;

interface Bar {
  event: ExecutionEvent;
  row: number;
  began: number;
  ended: number;
}

export function bars(events: readonly ExecutionEvent[]): { rows: string[]; bars: Bar[]; began: number; ended: number } {
  const rows: string[] = [];
  const found: Bar[] = [];
  for (const event of events) {
    if (!event.event_type.startsWith("routine_") || event.duration === null) continue;
    const name = `${event.routine_id} (${event.data.process ?? "?"})`;
    let row = rows.indexOf(name);
    if (row < 0) row = rows.push(name) - 1;
    const ended = Date.parse(event.timestamp) / 1000;
    found.push({ event, row, began: ended - event.duration, ended });
  }
  const began = Math.min(...found.map((bar) => bar.began));
  return { rows, bars: found, began, ended: Math.max(...found.map((bar) => bar.ended)) };
}

export function TraceView({ events }: { events: readonly ExecutionEvent[] }) {
  const { rows, bars: found, began, ended } = useMemo(() => bars(events), [events]);
  const [chosen, setChosen] = useState<ExecutionEvent | null>(null);
  if (found.length === 0) return <p className="faint">No activation has ended yet.</p>;
  const span = Math.max(ended - began, 1e-6);
  const x = (at: number) => LEFT + ((at - began) / span) * (WIDTH - LEFT);
  return (
    <>
      <div className="stream-frame">
      <svg className="stream" viewBox={`0 0 ${WIDTH} ${rows.length * ROW + 20}`} role="img" aria-label="activations over time">
        {rows.map((name, row) => (
          <g key={name}>
            <line x1={0} x2={WIDTH} y1={(row + 1) * ROW} y2={(row + 1) * ROW} className="grid" />
            <text x={4} y={row * ROW + 16}>
              {name}
            </text>
          </g>
        ))}
        {found.map((bar) => (
          <rect
            key={bar.event.event_id}
            className={`activation is-${bar.event.status}`}
            x={x(bar.began)}
            y={bar.row * ROW + 4}
            width={Math.max(1.5, x(bar.ended) - x(bar.began))}
            height={ROW - 8}
            rx={2}
            onClick={() => setChosen(bar.event)}
          />
        ))}
        <text x={LEFT} y={rows.length * ROW + 15} className="faint">
          0
        </text>
        <text x={WIDTH - 4} y={rows.length * ROW + 15} textAnchor="end" className="faint">
          {seconds(span)}
        </text>
      </svg>
      </div>
      {chosen && <pre className="chosen">{JSON.stringify(chosen, null, 2)}</pre>}
    </>
  );
}
