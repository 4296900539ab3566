/** Here are the last values of a connection or a port, beside the pointer; asked for while they are looked at. */

import type { Flow, Value, ValueList } from "../contract";
import { short } from "../format";
import { useApi } from "../useApi";
import type { Place } from "./place";
import type { Hovered } from "./useHovered";

const EVERY_MS = 1000;
const WIDTH = 320;
/** Of five values at most. */
const HEIGHT = 240;

export function LastValues({ flow, hovered }: { flow: Flow; hovered: Hovered }) {
  const { place, x, y } = hovered;
  const asked = new URLSearchParams(askedOf(place)).toString();
  const { data, error } = useApi<ValueList>(`/flows/${encodeURIComponent(flow.flow_id)}/values?${asked}`, EVERY_MS);
  return (
    <div className="values" role="status" aria-label="last values" style={{ left: `max(4px, min(${x + 14}px, 100% - ${WIDTH + 4}px))`, top: `max(4px, min(${y + 14}px, 100% - ${HEIGHT + 4}px))`, width: `min(${WIDTH}px, 100% - 8px)` }}>
      <h3>Last values of {nameOf(place)}</h3>
      {data === undefined ? <p>{error?.message ?? "Looking…"}</p> : data.total === 0 ? <Nothing /> : <Found values={data.values} />}
    </div>
  );
}

function Found({ values }: { values: readonly Value[] }) {
  return (
    <ol>
      {values.map((value, at) => (
        <li key={`${value.message_id ?? ""} ${value.timestamp} ${at}`}>
          <code>{value.preview}</code>
          <small>
            {value.timestamp.slice(11, 23)} {value.job_id}
            {value.count > 1 && `, the first of ${short(value.count)}`}
          </small>
        </li>
      ))}
    </ol>
  );
}

function Nothing() {
  return (
    <p>
      None are known. They come from the traces of the flow&apos;s newest jobs: submit a job while the monitor runs. Of a busy job
      a part is traced; a breakpoint here shows each message.
    </p>
  );
}

export function askedOf(place: Place): Record<string, string> {
  switch (place.kind) {
    case "connection":
      return { connection_id: place.id };
    case "event":
      return { routine_id: place.routine, event_name: place.port };
    case "slot":
      return { routine_id: place.routine, slot_name: place.port };
    case "routine":
      return { routine_id: place.routine };
  }
}

function nameOf(place: Place): string {
  if (place.kind === "connection") return place.id.replace("->", " → ");
  return place.kind === "routine" ? place.routine : `${place.routine}.${place.port}`;
}
