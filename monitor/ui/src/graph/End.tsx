/** Here is the end of a wire at a node: it says where, and is never seen. React Flow finds it by its class. */

import type { Position } from "@xyflow/react";

interface Told {
  type: "source" | "target";
  /** The port. */
  name: string;
  position: Position;
  y: number;
}

export function End({ type, name, position, y }: Told) {
  return <span className={`wire-end ${type}`} data-handleid={name} data-handlepos={position} style={{ top: y }} aria-hidden="true" />;
}
