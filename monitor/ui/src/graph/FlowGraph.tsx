/** Here is the graph of a flow, left to right. Its shape is laid out once; only its figures move. */

import { Background, Controls, MiniMap, ReactFlow, ReactFlowProvider } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useEffect, useMemo, useState } from "react";
import type { Flow } from "../contract";
import { Layouter, type Places } from "../layout";
import type { Place } from "./place";
import { height, RoutineNode, type RoutineNodeType, WIDTH } from "./RoutineNode";
import { WireEdge, type WireEdgeType } from "./WireEdge";

const NODES = { routine: RoutineNode };
const EDGES = { wire: WireEdge };
const MANY = 12;
const layouter = new Layouter();

export function FlowGraph({ flow, onChoose }: { flow: Flow; onChoose: (chosen: Place | null) => void }) {
  const shape = JSON.stringify([flow.routines, flow.connections]);
  const places = usePlaces(flow, shape);
  const nodes = useMemo(() => places && nodesOf(flow, places), [shape, places]);
  const edges = useMemo(() => edgesOf(flow), [shape]);
  if (nodes === null) return <p className="empty">Laying out {Object.keys(flow.routines).length} routines…</p>;
  return (
    <ReactFlowProvider>
      <ReactFlow
        key={shape}
        defaultNodes={nodes}
        defaultEdges={edges}
        nodeTypes={NODES}
        edgeTypes={EDGES}
        fitView
        fitViewOptions={{ minZoom: nodes.length > MANY ? 0.1 : 0.5, maxZoom: 1.1, padding: 0.12 }}
        minZoom={0.1}
        maxZoom={2}
        nodesConnectable={false}
        deleteKeyCode={null}
        onlyRenderVisibleElements
        onNodeClick={(event, node) => onChoose(portOf(event.target, node.id) ?? { kind: "routine", routine: node.id })}
        onEdgeClick={(_, edge) => onChoose({ kind: "connection", id: edge.id })}
        onPaneClick={() => onChoose(null)}
      >
        <Background gap={22} />
        <Controls showInteractive={false} />
        {nodes.length > MANY && <MiniMap pannable zoomable />}
      </ReactFlow>
    </ReactFlowProvider>
  );
}

/** The port that was clicked on, if it was one. */
function portOf(target: EventTarget, routine: string): Place | null {
  const port = target instanceof Element ? target.closest<HTMLElement>("[data-port]") : null;
  const { kind, port: name } = port?.dataset ?? {};
  return (kind === "slot" || kind === "event") && name !== undefined ? { kind, routine, port: name } : null;
}

function usePlaces(flow: Flow, shape: string): Places | null {
  const [places, setPlaces] = useState<Places | null>(null);
  useEffect(() => {
    let isWanted = true;
    setPlaces(null);
    void layouter.place(boxesOf(flow), wiresOf(flow)).then((found) => {
      if (isWanted) setPlaces(found);
    });
    return () => {
      isWanted = false;
    };
  }, [shape]);
  return places;
}

function boxesOf(flow: Flow) {
  return Object.values(flow.routines).map((routine) => ({
    id: routine.routine_id,
    width: WIDTH,
    height: height(routine.slots.length, routine.events.length),
    inputs: routine.slots,
    outputs: routine.events,
  }));
}

function wiresOf(flow: Flow) {
  return flow.connections.map((connection) => ({
    id: connection.connection_id,
    source: connection.source_routine,
    output: connection.source_event,
    target: connection.target_routine,
    input: connection.target_slot,
  }));
}

function nodesOf(flow: Flow, places: Places): RoutineNodeType[] {
  return Object.values(flow.routines).map((routine) => ({
    id: routine.routine_id,
    type: "routine",
    position: places.get(routine.routine_id) ?? { x: 0, y: 0 },
    width: WIDTH,
    height: height(routine.slots.length, routine.events.length),
    ariaLabel: `routine ${routine.routine_id}`,
    data: {
      flow: flow.flow_id,
      name: routine.routine_id,
      title: routine.class_name,
      workers: routine.workers,
      slots: routine.slots,
      events: routine.events,
    },
  }));
}

function edgesOf(flow: Flow): WireEdgeType[] {
  return flow.connections.map((connection) => ({
    id: connection.connection_id,
    type: "wire",
    source: connection.source_routine,
    sourceHandle: connection.source_event,
    target: connection.target_routine,
    targetHandle: connection.target_slot,
    ariaLabel: `connection ${connection.connection_id}`,
    data: { flow: flow.flow_id, name: connection.connection_id },
  }));
}
