/** Here is how a place of the graph shows that there is a breakpoint, or that something is held. */

import { useStored } from "../store";
import { type Mark, markKey, type Place } from "./place";

/** The classes to add, with a space before each. */
export function useMark(flow: string, place: Place): string {
  const mark = useStored<Mark>(markKey(flow, place));
  return `${mark?.isBreak ? " has-break" : ""}${mark?.isHeld ? " has-held" : ""}`;
}
