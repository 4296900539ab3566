/** Here is how far away the view is: from afar, nodes and wires leave out what could not be read. */

import { useStore } from "@xyflow/react";
import { useEffect } from "react";
import { store } from "../store";
import { farKey } from "./figures";

/** Of the zoom: text of 12.5 pixels is 5 pixels then. */
export const READABLE = 0.4;

export function Distance({ flow }: { flow: string }) {
  const isFar = useStore((state) => state.transform[2] < READABLE);
  useEffect(() => store.set(farKey(flow), isFar), [flow, isFar]);
  return null;
}
