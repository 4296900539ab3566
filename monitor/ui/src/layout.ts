/** Here is the layout of a graph: left to right, made in a worker of its own so that the page never waits. */

import ELK, { type ElkNode } from "elkjs/lib/elk-api.js";
import workerUrl from "elkjs/lib/elk-worker.min.js?url";

export interface Box {
  id: string;
  width: number;
  height: number;
  inputs: readonly string[];
  outputs: readonly string[];
}

export interface Wire {
  id: string;
  source: string;
  output: string;
  target: string;
  input: string;
}

export type Places = ReadonlyMap<string, { x: number; y: number }>;

export class Layouter {
  private readonly elk = new ELK({ workerFactory: () => new Worker(workerUrl) });

  async place(boxes: readonly Box[], wires: readonly Wire[]): Promise<Places> {
    const graph: ElkNode = {
      id: "root",
      layoutOptions: {
        "elk.algorithm": "layered",
        "elk.direction": "RIGHT",
        "elk.layered.spacing.nodeNodeBetweenLayers": "120",
        "elk.spacing.nodeNode": "36",
        "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
        "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
      },
      children: boxes.map((box) => ({
        id: box.id,
        width: box.width,
        height: box.height,
        layoutOptions: { "elk.portConstraints": "FIXED_ORDER" },
        ports: [
          ...box.inputs.map((name, at) => port(box.id, "in", name, "WEST", box.inputs.length - at)),
          ...box.outputs.map((name, at) => port(box.id, "out", name, "EAST", at)),
        ],
      })),
      edges: wires.map((wire) => ({
        id: wire.id,
        sources: [`${wire.source}/out/${wire.output}`],
        targets: [`${wire.target}/in/${wire.input}`],
      })),
    };
    const placed = await this.elk.layout(graph);
    return new Map((placed.children ?? []).map((node) => [node.id, { x: node.x ?? 0, y: node.y ?? 0 }]));
  }
}

function port(box: string, kind: string, name: string, side: string, index: number) {
  return { id: `${box}/${kind}/${name}`, layoutOptions: { "elk.port.side": side, "elk.port.index": String(index) } };
}
