/** Here is a routine as a node: its slots on the left, its events on the right, its state and rate on top. */

import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import { rate, short } from "../format";
import { useStored } from "../store";
import { type RoutineFigures, routineKey } from "./figures";

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
  return (
    <div className={`routine is-${state}${selected ? " is-selected" : ""}`} aria-label={`routine ${data.name}, ${state}`}>
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
            <li key={slot}>
              <Handle type="target" position={Position.Left} id={slot} isConnectable={false} />
              {slot}
              {(figures?.waiting[slot] ?? 0) > 0 && <em title="messages that wait here">{short(figures?.waiting[slot] ?? 0)}</em>}
            </li>
          ))}
        </ul>
        <ul className="events">
          {data.events.map((event) => (
            <li key={event}>
              {event}
              <Handle type="source" position={Position.Right} id={event} isConnectable={false} />
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
});
