/** Here is a connection as an edge: how much has passed, how much waits, and how near to full it is. */

import { BaseEdge, type Edge, EdgeLabelRenderer, type EdgeProps, getBezierPath } from "@xyflow/react";
import { memo } from "react";
import { rate, short } from "../format";
import { useStored } from "../store";
import { type WireFigures, wireKey } from "./figures";
import { useMark } from "./useMark";

export type WireEdgeType = Edge<{ flow: string; name: string }, "wire">;

export const WireEdge = memo(function WireEdge(props: EdgeProps<WireEdgeType>) {
  const { sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, data, selected } = props;
  const figures = useStored<WireFigures>(wireKey(data?.flow ?? "", data?.name ?? ""));
  const [path, x, y] = getBezierPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition });
  const mark = useMark(data?.flow ?? "", { kind: "connection", id: data?.name ?? "" });
  const pressure = figures?.pressure ?? "low";
  return (
    <>
      <BaseEdge path={path} interactionWidth={18} className={`wire is-${pressure}${selected ? " is-selected" : ""}${mark}`} />
      <EdgeLabelRenderer>
        <div data-connection={data?.name} className={`wire-label is-${pressure}${mark}`} style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}>
          {rate(figures?.rate ?? 0)}
          {(figures?.depth ?? 0) > 0 && <em title="messages on their way">{short(figures?.depth ?? 0)}</em>}
        </div>
      </EdgeLabelRenderer>
    </>
  );
});
