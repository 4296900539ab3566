/** Here is how the whole graph stays in sight when the window changes its size, unless the view was moved. */

import { type FitViewOptions, getViewportForBounds, useNodesInitialized, useReactFlow, useStore, useStoreApi } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { type Fitted, isToBeFitted } from "./fit";

/** Of the whole graph in its ground. */
export type Frame = Required<Pick<FitViewOptions, "minZoom" | "maxZoom" | "padding">>;

/** `asked` counts how often the user has asked for the whole. To begin with, React Flow shows it. */
export function Fit({ frame, asked }: { frame: Frame; asked: number }) {
  const { getNodes, getNodesBounds, setViewport } = useReactFlow();
  const api = useStoreApi();
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  const isReady = useNodesInitialized();
  const fitted = useRef<Fitted | null>(null);
  useEffect(() => {
    if (!isReady || width === 0 || height === 0) return;
    const now = { view: api.getState().transform, asked };
    if (fitted.current !== null && !isToBeFitted(fitted.current, now)) return;
    if (fitted.current !== null) void setViewport(getViewportForBounds(getNodesBounds(getNodes()), width, height, frame.minZoom, frame.maxZoom, frame.padding));
    fitted.current = { view: api.getState().transform, asked };
  }, [isReady, width, height, asked]);
  return null;
}
