/** Here is a routine as a node: its slots on the left, its events on the right, its state and rate on top. */

import { type Node, type NodeProps, Position } from "@xyflow/react";
import { memo, type ReactNode } from "react";
import { rate, short } from "../format";
import { useStored, useStoredPart } from "../store";
import { End } from "./End";
import { farKey, type RoutineFigures, routineKey, type State } from "./figures";
import { useMark } from "./useMark";

export type RoutineData = {
  flow: string;
  name: string;
  title: string;
  workers: number;
  slots: readonly string[];
  events: readonly string[];
};
export type RoutineNodeType = Node<RoutineData, "routine">;

export const HEAD = 58;
export const ROW = 24;
export const WIDTH = 236;
const PADDING = 4;

export function height(slots: number, events: number): number {
  return HEAD + ROW * Math.max(slots, events, 1) + 2 * PADDING;
}

export const RoutineNode = memo(function RoutineNode({ data, selected }: NodeProps<RoutineNodeType>) {
  const isFar = useStored<boolean>(farKey(data.flow)) ?? false;
  const y = (at: number) => HEAD + PADDING + ROW * (at + 0.5);
  return (
    <>
      {isFar ? <FromAfar data={data} isSelected={selected} /> : <Near data={data} isSelected={selected} />}
      {data.slots.map((slot, at) => (
        <End key={`in ${slot}`} type="target" name={slot} position={Position.Left} y={y(at)} />
      ))}
      {data.events.map((event, at) => (
        <End key={`out ${event}`} type="source" name={event} position={Position.Right} y={y(at)} />
      ))}
    </>
  );
});

interface Shown {
  data: RoutineData;
  isSelected: boolean;
}

/** A name and a colour: what else there is could not be read. */
function FromAfar({ data, isSelected }: Shown) {
  const state = useStoredPart<RoutineFigures, State>(routineKey(data.flow, data.name), (figures) => figures?.state ?? "stopped");
  const mark = useMark(data.flow, ...placesOf(data));
  return (
    <div className={`routine is-far is-${state}${isSelected ? " is-selected" : ""}${mark}`}>
      <strong>{data.name}</strong>
    </div>
  );
}

function placesOf({ name, slots, events }: RoutineData) {
  return [
    { kind: "routine" as const, routine: name },
    ...slots.map((port) => ({ kind: "slot" as const, routine: name, port })),
    ...events.map((port) => ({ kind: "event" as const, routine: name, port })),
  ];
}

function Near({ data, isSelected }: Shown) {
  const figures = useStored<RoutineFigures>(routineKey(data.flow, data.name));
  const state = figures?.state ?? "stopped";
  const mark = useMark(data.flow, { kind: "routine", routine: data.name });
  return (
    <div className={`routine is-${state}${isSelected ? " is-selected" : ""}${mark}`} aria-label={`routine ${data.name}, ${state}`}>
      <header>
        <span className="dot" aria-hidden="true" />
        <strong title={`${data.name}: ${data.title}`}>{data.name}</strong>
        {data.workers > 1 && <span className="workers">×{data.workers}</span>}
        <span className="rate">{rate(figures?.rate ?? 0)}</span>
        <small>
          {short(figures?.activations ?? 0)} {figures?.activations === 1 ? "activation" : "activations"}
          {figures !== undefined && figures.errors > 0 && <b className="errors">{short(figures.errors)} errors</b>}
        </small>
      </header>
      <div className="ports">
        <ul>
          {data.slots.map((slot) => (
            <Port key={slot} flow={data.flow} routine={data.name} kind="slot" port={slot}>
              {(figures?.waiting[slot] ?? 0) > 0 && <em title="messages that wait here">{short(figures?.waiting[slot] ?? 0)}</em>}
            </Port>
          ))}
        </ul>
        <ul className="events">
          {data.events.map((event) => (
            <Port key={event} flow={data.flow} routine={data.name} kind="event" port={event} />
          ))}
        </ul>
      </div>
    </div>
  );
}

/** A slot or an event; a click on it chooses it, the arrow keys lead to it. */
function Port({ flow, routine, kind, port, children }: { flow: string; routine: string; kind: "slot" | "event"; port: string; children?: ReactNode }) {
  const mark = useMark(flow, { kind, routine, port });
  return (
    <li className={mark.trim()} data-kind={kind} data-port={port} tabIndex={-1} aria-label={`${kind} ${port} of ${routine}`}>
      <span className="port" title={port}>
        {port}
      </span>
      {children}
    </li>
  );
}
