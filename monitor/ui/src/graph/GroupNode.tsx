/** Here is a closed group of routines as one node: what they do together, and that something in it is marked. */

import { type Node, type NodeProps, Position } from "@xyflow/react";
import { memo, useMemo } from "react";
import { rate, short } from "../format";
import { useStored, useStoredMany, useStoredOf } from "../store";
import { farKey, type RoutineFigures, routineKey, type State, together } from "./figures";
import { IN, OUT } from "./folded";
import { End } from "./End";
import { type Inside, insideKey } from "./place";

export type GroupNodeType = Node<{ flow: string; name: string; routines: readonly string[] }, "cluster">;

export const GROUP_HEIGHT = 58 + 24 + 8;

export const GroupNode = memo(function GroupNode({ data }: NodeProps<GroupNodeType>) {
  const { flow, name, routines } = data;
  const isFar = useStored<boolean>(farKey(flow)) ?? false;
  const states = useMemo(() => routines.map((routine) => routineKey(flow, routine)), [flow, routines]);
  const insides = useMemo(() => routines.map((routine) => insideKey(flow, routine)), [flow, routines]);
  const state = useStoredOf<RoutineFigures, State>(states, (found) => together(found.flatMap((each) => each?.state ?? [])));
  const breaks = useStoredOf<Inside, number>(insides, (found) => found.reduce((sum, each) => sum + (each?.breaks ?? 0), 0));
  const isHeld = useStoredOf<Inside, boolean>(insides, (found) => found.some((each) => each?.isHeld));
  const marks = `${isFar ? " is-far" : ""}${breaks > 0 ? " has-break" : ""}${isHeld ? " has-held" : ""}`;
  return (
    <div className={`routine group is-${state}${marks}`} aria-label={`group ${name}, ${routines.length} routines, ${state}`}>
      <End type="target" name={IN} position={Position.Left} y={GROUP_HEIGHT / 2} />
      <End type="source" name={OUT} position={Position.Right} y={GROUP_HEIGHT / 2} />
      {isFar ? <strong>{name}</strong> : <Near name={name} keys={states} breaks={breaks} />}
    </div>
  );
});

function Near({ name, keys, breaks }: { name: string; keys: readonly string[]; breaks: number }) {
  const figures = useStoredMany<RoutineFigures>(keys).filter((each) => each !== undefined);
  const sum = (of: (each: RoutineFigures) => number) => figures.reduce((total, each) => total + of(each), 0);
  const waiting = sum((each) => Object.values(each.waiting).reduce((total, count) => total + count, 0));
  const errors = sum((each) => each.errors);
  return (
    <>
      <header>
        <span className="dot" aria-hidden="true" />
        <strong title={name}>{name}</strong>
        <span className="workers">{keys.length} routines</span>
        <span className="rate">{rate(sum((each) => each.rate))}</span>
        <small>
          {short(sum((each) => each.activations))} activations
          {errors > 0 && <b className="errors">{short(errors)} errors</b>}
        </small>
      </header>
      <p>
        {breaks > 0 ? <b className="errors">{breaks === 1 ? "1 breakpoint" : `${breaks} breakpoints`}</b> : <span>a click opens it</span>}
        {waiting > 0 && <em title="messages that wait inside">{short(waiting)}</em>}
      </p>
    </>
  );
}
