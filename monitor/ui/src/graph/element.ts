/** Here is which place of the graph an element on the screen stands for, and the other way round. */

import { boxOf, type Folded } from "./folded";
import type { Place } from "./place";

export function placeOfElement(target: EventTarget | null): Place | null {
  if (!(target instanceof Element)) return null;
  const wire = target.closest<HTMLElement>(".react-flow__edge");
  if (wire !== null) return { kind: "connection", id: wire.dataset["id"] ?? "" };
  const routine = target.closest<HTMLElement>(".react-flow__node")?.dataset["id"];
  if (routine === undefined) return null;
  const { kind, port } = target.closest<HTMLElement>("[data-port]")?.dataset ?? {};
  if ((kind === "slot" || kind === "event") && port !== undefined) return { kind, routine, port };
  return { kind: "routine", routine };
}

/** What can have the focus for a place; null while it is out of sight, or too far away to be drawn. */
export function elementOf(ground: Element, shown: Folded, place: Place): HTMLElement | SVGElement | null {
  if (place.kind === "connection") {
    const wire = shown.wires.find((each) => each.connections.includes(place.id));
    return wire === undefined ? null : ground.querySelector<SVGElement>(`.react-flow__edge[data-id="${CSS.escape(wire.id)}"]`);
  }
  const box = boxOf(shown, place.routine);
  const node = ground.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(box)}"]`);
  if (node === null || place.kind === "routine" || box !== place.routine) return node;
  return node.querySelector<HTMLElement>(`[data-kind="${place.kind}"][data-port="${CSS.escape(place.port)}"]`);
}
