/** Here is the graph of a flow, left to right. Its shape is laid out once; only its figures move. */

import { Background, Controls, MiniMap, ReactFlow, ReactFlowProvider } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useEffect, useMemo, useRef, useState } from "react";
import type { Flow } from "../contract";
import { Layouter, type Places } from "../layout";
import { store, useStored } from "../store";
import { Camera, type Focus } from "./Camera";
import { Distance } from "./Distance";
import { placeOfElement } from "./element";
import { farKey } from "./figures";
import { Fit } from "./Fit";
import { type Folded, groupId } from "./folded";
import { GroupNode } from "./GroupNode";
import { Keys } from "./Keys";
import { LastValues } from "./LastValues";
import { MiniBox, Members } from "./MiniBox";
import type { Place } from "./place";
import { RoutineNode } from "./RoutineNode";
import { boxesOf, edgesOf, nodesOf, orderOf, wiresOf } from "./shape";
import type { Folding } from "./useFolding";
import { useHovered } from "./useHovered";
import { WireEdge } from "./WireEdge";

const NODES = { routine: RoutineNode, cluster: GroupNode };
const EDGES = { wire: WireEdge };
const MANY = 12;
/** Boxes from which on the whole graph cannot be read at once. */
const CROWD = 40;
const FURTHEST = 0.05;
const layouter = new Layouter();

/** A place, or several connections that are drawn as one. */
export type Chosen = Place | { kind: "bundle"; connections: readonly string[] };

interface Looking {
  flow: Flow;
  folding: Folding;
  focus: Focus | null;
  onChoose: (chosen: Chosen | null) => void;
  onBreak: (place: Place) => void;
}

export function FlowGraph({ flow, folding, focus, onChoose, onBreak }: Looking) {
  const { shown } = folding;
  const shape = JSON.stringify([flow.routines, flow.connections, shown.groups.map((group) => group.name)]);
  const places = usePlaces(flow, shown, shape);
  const nodes = useMemo(() => places && nodesOf(flow, shown, places), [places]);
  const edges = useMemo(() => edgesOf(flow, shown), [shape]);
  const order = useMemo(() => (places === null ? [] : orderOf(places)), [places]);
  const members = useMemo(() => ({ flow: flow.flow_id, groups: new Map(shown.groups.map((group) => [groupId(group.name), group.routines])) }), [shape]);
  const ground = useRef<HTMLDivElement>(null);
  const movedAt = useRef(-Infinity);
  const done = useRef(0);
  const [asked, setAsked] = useState(0);
  const hovered = useHovered(ground);
  const [isReady, setReady] = useState<Places | null>(null);
  if (nodes === null || places === null) return <p className="empty">Laying out {shown.routines.length + shown.groups.length} boxes…</p>;
  const frame = { minZoom: FURTHEST, maxZoom: 1.1, padding: 0.12 };
  const moved = () => {
    movedAt.current = performance.now();
  };
  const askedForAll = () => {
    moved();
    setAsked((before) => before + 1);
  };
  const choose = (id: string) => {
    const names = edges.find((edge) => edge.id === id)?.data?.connections ?? [];
    const [only] = names;
    if (only !== undefined) onChoose(names.length === 1 ? { kind: "connection", id: only } : { kind: "bundle", connections: names });
  };
  const choosePlace = (place: Place) => {
    const wire = place.kind === "connection" ? edges.find((edge) => edge.id === place.id) : undefined;
    if (wire !== undefined) choose(wire.id);
    else onChoose(place);
  };
  return (
    <div className="ground" ref={ground}>
      <Members value={members}>
        <ReactFlowProvider key={shape}>
          <ReactFlow
            defaultNodes={nodes}
            defaultEdges={edges}
            nodeTypes={NODES}
            edgeTypes={EDGES}
            fitView
            fitViewOptions={frame}
            minZoom={FURTHEST}
            maxZoom={2}
            nodesConnectable={false}
            deleteKeyCode={null}
            disableKeyboardA11y
            onlyRenderVisibleElements
            onInit={() => setReady(places)}
            onMoveStart={(event) => event !== null && moved()}
            onMoveEnd={(event) => event !== null && moved()}
            onNodeClick={(event, node) => {
              if (node.type === "cluster") folding.open(node.data["name"] as string);
              else onChoose(placeOfElement(event.target) ?? { kind: "routine", routine: node.id });
            }}
            onEdgeClick={(_, edge) => choose(edge.id)}
            onPaneClick={() => onChoose(null)}
          >
            <Ground flow={flow.flow_id} />
            <Controls showInteractive={false} onZoomIn={moved} onZoomOut={moved} fitViewOptions={frame} onFitView={askedForAll} />
            <Fit frame={frame} asked={asked} />
            {nodes.length > MANY && <MiniMap pannable zoomable nodeComponent={MiniBox} ariaLabel="the whole graph, small" />}
            <Distance flow={flow.flow_id} />
            <Camera flow={flow} shown={shown} places={places} focus={isReady === places ? focus : null} movedAt={movedAt} done={done} />
            <Keys flow={flow} shown={shown} places={places} order={order} ground={ground} choose={choosePlace} open={folding.open} onBreak={onBreak} />
          </ReactFlow>
        </ReactFlowProvider>
      </Members>
      {folding.groups.length > 0 && (
        <div className="tools">
          {shown.groups.length > 0 && (
            <button type="button" onClick={folding.openAll}>
              Open all groups
            </button>
          )}
          {shown.groups.length < folding.groups.length && (
            <button type="button" onClick={folding.closeAll}>
              Close all groups
            </button>
          )}
        </div>
      )}
      {hovered !== null && <LastValues flow={flow} hovered={hovered} />}
    </div>
  );
}

/** Dots that from afar would be too many to be seen, and to be drawn. */
function Ground({ flow }: { flow: string }) {
  const isFar = useStored<boolean>(farKey(flow)) ?? false;
  return isFar ? null : <Background gap={22} />;
}

function usePlaces(flow: Flow, shown: Folded, shape: string): Places | null {
  const [found, setFound] = useState<{ shape: string; places: Places } | null>(null);
  useEffect(() => {
    let isWanted = true;
    const boxes = boxesOf(flow, shown);
    void layouter.place(boxes, wiresOf(shown)).then((places) => {
      if (!isWanted) return;
      store.set(farKey(flow.flow_id), boxes.length > CROWD);
      setFound({ shape, places });
    });
    return () => {
      isWanted = false;
    };
  }, [shape]);
  return found?.shape === shape ? found.places : null;
}
