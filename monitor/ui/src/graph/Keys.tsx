/** Here is the graph by keyboard: arrows walk, Enter chooses or opens, F9 sets or takes away a breakpoint. */

import { useStoreApi } from "@xyflow/react";
import { type RefObject, useLayoutEffect, useRef } from "react";
import type { Flow } from "../contract";
import type { Places } from "../layout";
import { useGoTo } from "./Camera";
import { elementOf, placeOfElement } from "./element";
import { type Folded, groupId } from "./folded";
import type { Place } from "./place";
import { type Arrow, isArrow, walked } from "./walk";

interface Keyed {
  flow: Flow;
  shown: Folded;
  places: Places;
  /** The boxes as one reads them. */
  order: readonly string[];
  ground: RefObject<HTMLDivElement | null>;
  choose: (place: Place) => void;
  open: (group: string) => void;
  onBreak: (place: Place) => void;
}

/** Frames in which a place that comes into sight is drawn. */
const PATIENCE = 60;

export function Keys({ flow, shown, places, order, ground, choose, open, onBreak }: Keyed) {
  const api = useStoreApi();
  const goTo = useGoTo(flow, shown, places);
  const wanted = useRef<Place | null>(null);
  const focus = (place: Place, patience = PATIENCE) => {
    if (wanted.current !== place) return; // the focus has gone elsewhere meanwhile
    const found = ground.current && elementOf(ground.current, shown, place);
    if (found !== null) found.focus({ preventScroll: true });
    else if (patience > 0) requestAnimationFrame(() => focus(place, patience - 1));
  };
  const select = (place: Place) => {
    const { addSelectedEdges, addSelectedNodes } = api.getState();
    if (place.kind === "connection") addSelectedEdges([place.id]);
    else addSelectedNodes([place.routine]);
  };
  useLayoutEffect(() => {
    const here = ground.current;
    if (here === null) return undefined;
    const pressed = (event: KeyboardEvent) => {
      const from = placeOfElement(event.target);
      if (from === null || event.ctrlKey || event.altKey || event.metaKey) return;
      const group = shown.groups.find((each) => from.kind === "routine" && groupId(each.name) === from.routine);
      if (isArrow(event.key)) {
        const to = group === undefined ? walked(flow, order, from, event.key) : beside(shown, order, groupId(group.name), event.key);
        if (to !== null) {
          goTo(to);
          wanted.current = to;
          focus(to);
        }
      } else if (event.key === "Enter" || event.key === " ") {
        select(from);
        if (group === undefined) choose(from);
        else open(group.name);
      } else if (event.key === "F9" && group === undefined) {
        if (!event.repeat) onBreak(from);
      } else {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
    };
    // What comes into sight by the Tab key is brought into view.
    const focused = (event: FocusEvent) => {
      wanted.current = null;
      const place = placeOfElement(event.target);
      if (place !== null && event.target instanceof Element && event.target.matches(":focus-visible")) goTo(place);
    };
    here.addEventListener("keydown", pressed);
    here.addEventListener("focusin", focused);
    return () => {
      here.removeEventListener("keydown", pressed);
      here.removeEventListener("focusin", focused);
    };
  });
  return null;
}

/** From a closed group: along one of its wires, or to the box above or below in the order. */
function beside(shown: Folded, order: readonly string[], box: string, arrow: Arrow): Place | null {
  const named = (id: string | undefined): Place | null => (id === undefined ? null : { kind: "routine", routine: id });
  switch (arrow) {
    case "ArrowRight":
      return named(shown.wires.find((wire) => wire.source === box)?.target);
    case "ArrowLeft":
      return named(shown.wires.find((wire) => wire.target === box)?.source);
    case "ArrowDown":
      return named(order[order.indexOf(box) + 1]);
    case "ArrowUp":
      return named(order[order.indexOf(box) - 1]);
  }
}
