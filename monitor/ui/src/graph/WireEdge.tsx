/** Here is a connection as an edge: how much has passed, how much waits, and how near to full it is. */

import { BaseEdge, type Edge, EdgeLabelRenderer, type EdgeProps, getBezierPath } from "@xyflow/react";
import { memo, useMemo } from "react";
import { rate, short } from "../format";
import { useStored, useStoredMany, useStoredOf } from "../store";
import { farKey, type Pressure, type WireFigures, wireKey, worst } from "./figures";
import { useMark } from "./useMark";

/** `connections` are several where the edge leads from or to a closed group. */
export type WireEdgeType = Edge<{ flow: string; connections: readonly string[] }, "wire">;

interface Shown {
  flow: string;
  connections: readonly string[];
  keys: readonly string[];
  path: string;
  isSelected: boolean;
  mark: string;
}

const NONE: readonly string[] = [];

export const WireEdge = memo(function WireEdge(props: EdgeProps<WireEdgeType>) {
  const { sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, data, selected } = props;
  const [flow, connections] = [data?.flow ?? "", data?.connections ?? NONE];
  const isFar = useStored<boolean>(farKey(flow)) ?? false;
  const keys = useMemo(() => connections.map((id) => wireKey(flow, id)), [flow, connections]);
  const [path, x, y] = useMemo(
    () => getBezierPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition }),
    [sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition],
  );
  const mark = useMark(flow, ...connections.map((id) => ({ kind: "connection" as const, id })));
  const shown = { flow, connections, keys, path, isSelected: selected ?? false, mark };
  // A mark is there from afar, too.
  return isFar && mark === "" ? <FromAfar {...shown} /> : <Near {...shown} x={x} y={y} />;
});

function FromAfar({ keys, path, isSelected }: Shown) {
  const pressure = useStoredOf<WireFigures, Pressure>(keys, (found) => worst(found.map((each) => each?.pressure)));
  return <BaseEdge path={path} interactionWidth={18} className={`wire is-far is-${pressure}${isSelected ? " is-selected" : ""}`} />;
}

function Near({ connections, keys, path, isSelected, mark, x, y }: Shown & { x: number; y: number }) {
  const figures = useStoredMany<WireFigures>(keys);
  const sum = (of: (each: WireFigures) => number) => figures.reduce((total, each) => total + (each === undefined ? 0 : of(each)), 0);
  const pressure = worst(figures.map((each) => each?.pressure));
  const depth = sum((each) => each.depth);
  return (
    <>
      <BaseEdge path={path} interactionWidth={18} className={`wire is-${pressure}${isSelected ? " is-selected" : ""}${mark}`} />
      <EdgeLabelRenderer>
        <div data-connection={connections[0]} className={`wire-label is-${pressure}${mark}`} style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}>
          {rate(sum((each) => each.rate))}
          {depth > 0 && <em title="messages on their way">{short(depth)}</em>}
        </div>
      </EdgeLabelRenderer>
    </>
  );
}
