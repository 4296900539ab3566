/** Here is what the folded graph is for the layout, and for React Flow: boxes and wires, nodes and edges. */

import type { Flow } from "../contract";
import type { Box, Places, Wire } from "../layout";
import { type Folded, groupId, IN, OUT } from "./folded";
import { GROUP_HEIGHT, type GroupNodeType } from "./GroupNode";
import { height, type RoutineNodeType, WIDTH } from "./RoutineNode";
import type { WireEdgeType } from "./WireEdge";

export function boxesOf(flow: Flow, shown: Folded): Box[] {
  const routines = shown.routines.flatMap((name) => flow.routines[name] ?? []);
  return [
    ...routines.map((routine) => ({
      id: routine.routine_id,
      width: WIDTH,
      height: height(routine.slots.length, routine.events.length),
      inputs: routine.slots,
      outputs: routine.events,
    })),
    ...shown.groups.map((group) => ({ id: groupId(group.name), width: WIDTH, height: GROUP_HEIGHT, inputs: [IN], outputs: [OUT] })),
  ];
}

export function wiresOf(shown: Folded): Wire[] {
  return shown.wires.map(({ id, source, output, target, input }) => ({ id, source, output, target, input }));
}

export function nodesOf(flow: Flow, shown: Folded, places: Places): (RoutineNodeType | GroupNodeType)[] {
  const sizes = new Map(boxesOf(flow, shown).map(({ id, width, height }) => [id, { width, height }]));
  const common = (id: string) => ({
    id,
    position: places.get(id) ?? { x: 0, y: 0 },
    ...sizes.get(id),
    // Its own label has its state, too.
    ariaRole: "group" as const,
  });
  const routines = shown.routines.flatMap((name) => flow.routines[name] ?? []);
  return [
    ...routines.map((routine) => ({
      ...common(routine.routine_id),
      type: "routine" as const,
      ariaLabel: `routine ${routine.routine_id}`,
      data: {
        flow: flow.flow_id,
        name: routine.routine_id,
        title: routine.class_name,
        workers: routine.workers,
        slots: routine.slots,
        events: routine.events,
      },
    })),
    ...shown.groups.map((group) => ({
      ...common(groupId(group.name)),
      type: "cluster" as const,
      ariaLabel: `group ${group.name}`,
      data: { flow: flow.flow_id, name: group.name, routines: group.routines },
    })),
  ];
}

export function edgesOf(flow: Flow, shown: Folded): WireEdgeType[] {
  return shown.wires.map((wire) => ({
    id: wire.id,
    type: "wire",
    source: wire.source,
    sourceHandle: wire.output,
    target: wire.target,
    targetHandle: wire.input,
    ariaLabel: wire.connections.length === 1 ? `connection ${wire.connections[0]}` : `${wire.connections.length} connections`,
    data: { flow: flow.flow_id, connections: wire.connections },
  }));
}

/** The boxes as one reads them: column by column, from the top. */
export function orderOf(places: Places): readonly string[] {
  return [...places].sort(([, a], [, b]) => a.x - b.x || a.y - b.y).map(([id]) => id);
}
