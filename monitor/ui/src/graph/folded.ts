/** Here is the graph as it is shown: routines, the closed groups in place of theirs, and wires between them. */

import type { Flow } from "../contract";
import type { Group } from "./groups";

/** One line; between groups it stands for several connections. */
export interface ShownWire {
  id: string;
  source: string;
  output: string;
  target: string;
  input: string;
  connections: readonly string[];
}

export interface Folded {
  routines: readonly string[];
  groups: readonly Group[];
  wires: readonly ShownWire[];
}

export const IN = "in";
export const OUT = "out";
export const groupId = (name: string) => `group:${name}`;

export function folded(flow: Flow, closed: readonly Group[]): Folded {
  const boxOf = new Map(closed.flatMap((group) => group.routines.map((routine) => [routine, groupId(group.name)])));
  const wires = new Map<string, ShownWire & { connections: string[] }>();
  for (const each of flow.connections) {
    const [from, to] = [boxOf.get(each.source_routine), boxOf.get(each.target_routine)];
    if (from !== undefined && from === to) continue;
    const source = from ?? each.source_routine;
    const target = to ?? each.target_routine;
    const output = from === undefined ? each.source_event : OUT;
    const input = to === undefined ? each.target_slot : IN;
    const id = from === undefined && to === undefined ? each.connection_id : `${source}.${output}->${target}.${input}`;
    const wire = wires.get(id) ?? { id, source, output, target, input, connections: [] };
    wire.connections.push(each.connection_id);
    wires.set(id, wire);
  }
  return { routines: Object.keys(flow.routines).filter((name) => !boxOf.has(name)), groups: closed, wires: [...wires.values()] };
}

/** The box in which a routine is shown: its own, or that of its closed group. */
export function boxOf(shown: Folded, routine: string): string {
  const group = shown.groups.find((each) => each.routines.includes(routine));
  return group === undefined ? routine : groupId(group.name);
}
