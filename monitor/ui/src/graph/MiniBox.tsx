/** Here is a box of the small map of the whole graph: it shows where something is held, or has died. */

import type { MiniMapNodeProps } from "@xyflow/react";
import { createContext, useContext, useMemo } from "react";
import { useStoredOf } from "../store";
import { type RoutineFigures, routineKey, type State, together } from "./figures";
import { type Inside, insideKey } from "./place";

interface Membership {
  flow: string;
  /** The routines of each closed group, by the group's box. */
  groups: ReadonlyMap<string, readonly string[]>;
}

/** Tells the map's boxes of which flow they are. */
export const Members = createContext<Membership>({ flow: "", groups: new Map() });

export function MiniBox({ id, x, y, width, height }: MiniMapNodeProps) {
  const { flow, groups } = useContext(Members);
  const routines = useMemo(() => groups.get(id) ?? [id], [groups, id]);
  const insides = useMemo(() => routines.map((name) => insideKey(flow, name)), [flow, routines]);
  const figures = useMemo(() => routines.map((name) => routineKey(flow, name)), [flow, routines]);
  const isHeld = useStoredOf<Inside, boolean>(insides, (found) => found.some((each) => each?.isHeld));
  const state = useStoredOf<RoutineFigures, State>(figures, (found) => together(found.flatMap((each) => each?.state ?? [])));
  const shown = isHeld || state === "held" ? " is-held" : state === "dead" ? " is-dead" : "";
  return <rect className={`mini${shown}`} x={x} y={y} width={width} height={height} rx={8} />;
}
