/** Here is a routine as a node: its slots on the left, its events on the right, its state and rate on top. */

import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { memo, type ReactNode } from "react";
import { rate, short } from "../format";
import { useStored } from "../store";
import { type RoutineFigures, routineKey } from "./figures";
import { useMark } from "./useMark";

export type RoutineNodeType = Node<
  { flow: string; name: string; title: string; workers: number; slots: readonly string[]; events: readonly string[] },
  "routine"
>;

export const HEAD = 58;
export const ROW = 24;
export const WIDTH = 236;

export function height(slots: number, events: number): number {
  return HEAD + ROW * Math.max(slots, events, 1) + 8;
}

export const RoutineNode = memo(function RoutineNode({ data, selected }: NodeProps<RoutineNodeType>) {
  const figures = useStored<RoutineFigures>(routineKey(data.flow, data.name));
  const state = figures?.state ?? "stopped";
  const mark = useMark(data.flow, { kind: "routine", routine: data.name });
  return (
    <div className={`routine is-${state}${selected ? " is-selected" : ""}${mark}`} aria-label={`routine ${data.name}, ${state}`}>
      <header>
        <span className="dot" aria-hidden="true" />
        <strong title={data.title}>{data.name}</strong>
        {data.workers > 1 && <span className="workers">×{data.workers}</span>}
        <span className="rate">{rate(figures?.rate ?? 0)}</span>
        <small>
          {short(figures?.activations ?? 0)} activations
          {figures !== undefined && figures.errors > 0 && <b className="errors">{short(figures.errors)} errors</b>}
        </small>
      </header>
      <div className="ports">
        <ul>
          {data.slots.map((slot) => (
            <Port key={slot} flow={data.flow} routine={data.name} kind="slot" port={slot}>
              <Handle type="target" position={Position.Left} id={slot} isConnectable={false} />
              {slot}
              {(figures?.waiting[slot] ?? 0) > 0 && <em title="messages that wait here">{short(figures?.waiting[slot] ?? 0)}</em>}
            </Port>
          ))}
        </ul>
        <ul className="events">
          {data.events.map((event) => (
            <Port key={event} flow={data.flow} routine={data.name} kind="event" port={event}>
              {event}
              <Handle type="source" position={Position.Right} id={event} isConnectable={false} />
            </Port>
          ))}
        </ul>
      </div>
    </div>
  );
});

/** A slot or an event; a click on it chooses it. */
function Port({ flow, routine, kind, port, children }: { flow: string; routine: string; kind: "slot" | "event"; port: string; children: ReactNode }) {
  const mark = useMark(flow, { kind, routine, port });
  return (
    <li className={mark.trim()} data-kind={kind} data-port={port}>
      {children}
    </li>
  );
}
