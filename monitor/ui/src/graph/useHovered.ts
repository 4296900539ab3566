/** Here is what the pointer rests on, or the keyboard's focus: a connection or a port, after a moment. */

import { type RefObject, useEffect, useState } from "react";
import { placeOfElement } from "./element";
import { type Place, placeKey } from "./place";

export interface Hovered {
  place: Place;
  /** In pixels from the ground's left and top. */
  x: number;
  y: number;
}

const REST_MS = 300;

export function useHovered(ground: RefObject<HTMLElement | null>): Hovered | null {
  const [hovered, setHovered] = useState<Hovered | null>(null);
  useEffect(() => {
    let timer = 0;
    let waiting = "";
    const rest = (target: EventTarget | null, at: () => { x: number; y: number }) => {
      const place = placeOfElement(target);
      const key = place === null || place.kind === "routine" ? "" : placeKey(place);
      if (key === waiting) return;
      waiting = key;
      window.clearTimeout(timer);
      setHovered(null);
      if (place === null || key === "") return;
      timer = window.setTimeout(() => setHovered({ place, ...at() }), REST_MS);
    };
    let pointer = { x: 0, y: 0 };
    const moved = (event: PointerEvent) => {
      const frame = ground.current?.getBoundingClientRect();
      if (frame === undefined) return;
      pointer = { x: event.clientX - frame.left, y: event.clientY - frame.top };
      const isInside = event.target instanceof Node && ground.current?.contains(event.target) === true;
      rest(isInside && event.buttons === 0 ? event.target : null, () => pointer);
    };
    const focused = (event: FocusEvent) => {
      const frame = ground.current?.getBoundingClientRect();
      const of = event.target;
      if (frame === undefined || !(of instanceof Element) || !ground.current?.contains(of) || !of.matches(":focus-visible")) return;
      rest(of, () => {
        const box = of.getBoundingClientRect();
        return { x: box.left + box.width / 2 - frame.left, y: box.bottom - frame.top };
      });
    };
    // From the window, as the ground is drawn only when the graph is laid out.
    window.addEventListener("pointermove", moved);
    window.addEventListener("focusin", focused);
    return () => {
      window.clearTimeout(timer);
      window.removeEventListener("pointermove", moved);
      window.removeEventListener("focusin", focused);
    };
  }, [ground]);
  return hovered;
}
