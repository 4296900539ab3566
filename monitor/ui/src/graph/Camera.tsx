/** Here is how the view goes to a place: where something is held, unless somebody moves it, or where one asks. */

import { useReactFlow, useStoreApi } from "@xyflow/react";
import { type RefObject, useEffect } from "react";
import type { Flow } from "../contract";
import type { Places } from "../layout";
import { READABLE } from "./Distance";
import { boxOf, type Folded } from "./folded";
import type { Place } from "./place";

/** `turn` counts up; `isAsked` is by the user, who is obeyed at once. */
export interface Focus {
  place: Place;
  turn: number;
  isAsked: boolean;
}

interface Looking {
  flow: Flow;
  shown: Folded;
  places: Places;
  focus: Focus | null;
  /** When the user has moved the view. */
  movedAt: RefObject<number>;
  /** The turn that was carried out last; it outlives a new layout. */
  done: RefObject<number>;
}

const REST_MS = 4000;
const TAKES_MS = 250;
const CLOSE = 0.8;
/** Of the view's width and height that are its edge. */
const EDGE = 0.08;

export function Camera({ flow, shown, places, focus, movedAt, done }: Looking) {
  const goTo = useGoTo(flow, shown, places);
  useEffect(() => {
    if (focus === null || focus.turn === done.current) return;
    done.current = focus.turn;
    if (focus.isAsked || performance.now() - movedAt.current > REST_MS) goTo(focus.place);
  }, [focus, goTo]);
  return null;
}

/** Brings a place into the middle, unless it is in sight and can be read. */
export function useGoTo(flow: Flow, shown: Folded, places: Places): (place: Place) => void {
  const view = useReactFlow();
  const api = useStoreApi();
  return (place) => {
    const at = middleOf(flow, shown, place, (id) => {
      const node = view.getInternalNode(id);
      const { x, y } = node?.internals.positionAbsolute ?? places.get(id) ?? { x: 0, y: 0 };
      return { x: x + (node?.measured.width ?? 0) / 2, y: y + (node?.measured.height ?? 0) / 2 };
    });
    if (at === null) return;
    const { width, height, transform } = api.getState();
    const [x, y] = [at.x * transform[2] + transform[0], at.y * transform[2] + transform[1]];
    const isInSight = x > EDGE * width && x < (1 - EDGE) * width && y > EDGE * height && y < (1 - EDGE) * height;
    if (isInSight && transform[2] >= READABLE) return;
    const isCalm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    void view.setCenter(at.x, at.y, { zoom: transform[2] >= READABLE ? transform[2] : CLOSE, duration: isCalm ? 0 : TAKES_MS });
  };
}

interface Point {
  x: number;
  y: number;
}

/** Of a connection, between the boxes at its ends. */
export function middleOf(flow: Flow, shown: Folded, place: Place, middle: (box: string) => Point): Point | null {
  if (place.kind !== "connection") return flow.routines[place.routine] === undefined ? null : middle(boxOf(shown, place.routine));
  const wire = flow.connections.find((each) => each.connection_id === place.id);
  if (wire === undefined) return null;
  const [from, to] = [middle(boxOf(shown, wire.source_routine)), middle(boxOf(shown, wire.target_routine))];
  return { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
}
