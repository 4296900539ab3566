/** Here is how a place of the graph shows that there is a breakpoint, that something is held, or has passed. */

import { useMemo } from "react";
import { useStoredOf } from "../store";
import { type Mark, markKey, type Place, placeKey, wayKey } from "./place";

/** The classes to add, with a space before each; of several places together. */
export function useMark(flow: string, ...places: readonly Place[]): string {
  const names = places.map(placeKey).join("\n");
  const keys = useMemo(() => places.map((place) => markKey(flow, place)), [flow, names]);
  const ways = useMemo(() => places.map((place) => wayKey(flow, place)), [flow, names]);
  const isOnWay = useStoredOf<boolean, boolean>(ways, (found) => found.some(Boolean));
  const marks = useStoredOf<Mark, string>(keys, (found) => {
    const isBreak = found.some((mark) => mark?.isBreak);
    const isHeld = found.some((mark) => mark?.isHeld);
    return `${isBreak ? " has-break" : ""}${isHeld ? " has-held" : ""}`;
  });
  return `${marks}${isOnWay ? " is-on-way" : ""}`;
}
