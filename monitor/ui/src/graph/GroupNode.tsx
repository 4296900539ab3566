/** Here is a closed group of routines as one node: what they do together, and that something in it is marked. */

import type { Node, NodeProps } from "@xyflow/react";
import { memo, useMemo } from "react";
import { rate, short } from "../format";
import { useStoredMany, useStoredOf } from "../store";
import { type RoutineFigures, routineKey, together } from "./figures";
import { type Inside, insideKey } from "./place";

export type GroupNodeType = Node<{ flow: string; name: string; routines: readonly string[] }, "group">;

export const GROUP_HEIGHT = 58 + 24 + 8;

export const GroupNode = memo(function GroupNode({ data }: NodeProps<GroupNodeType>) {
  const { flow, name, routines } = data;
  const keys = useMemo(() => routines.map((routine) => routineKey(flow, routine)), [flow, routines]);
  const insides = useMemo(() => routines.map((routine) => insideKey(flow, routine)), [flow, routines]);
  const figures = useStoredMany<RoutineFigures>(keys).filter((each) => each !== undefined);
  const breaks = useStoredOf<Inside, number>(insides, (found) => found.reduce((sum, each) => sum + (each?.breaks ?? 0), 0));
  const isHeld = useStoredOf<Inside, boolean>(insides, (found) => found.some((each) => each?.isHeld));
  const sum = (of: (each: RoutineFigures) => number) => figures.reduce((total, each) => total + of(each), 0);
  const state = together(figures.map((each) => each.state));
  const waiting = sum((each) => Object.values(each.waiting).reduce((total, count) => total + count, 0));
  const errors = sum((each) => each.errors);
  return (
    <div className={`routine group is-${state}${breaks > 0 ? " has-break" : ""}${isHeld ? " has-held" : ""}`} aria-label={`group ${name}, ${routines.length} routines, ${state}`}>
      <header>
        <span className="dot" aria-hidden="true" />
        <strong title={name}>{name}</strong>
        <span className="workers">{routines.length} routines</span>
        <span className="rate">{rate(sum((each) => each.rate))}</span>
        <small>
          {short(sum((each) => each.activations))} activations
          {errors > 0 && <b className="errors">{short(errors)} errors</b>}
        </small>
      </header>
      <p>
        {breaks > 0 ? <b className="errors">{breaks === 1 ? "1 breakpoint" : `${breaks} breakpoints`}</b> : <span>open it by a click</span>}
        {waiting > 0 && <em title="messages that wait inside">{short(waiting)}</em>}
      </p>
    </div>
  );
});
