/** Here is a small picture of an array: a line of its numbers, or an image of its rows and columns. */

import { useEffect, useRef } from "react";
import { lineThrough, scaled, type Sight } from "../scale";

const WIDTH = 160;
const HEIGHT = 28;

export function ArrayPicture({ sight, label }: { sight: Sight; label: string }) {
  return sight.shape.length === 2 ? <Plane sight={sight} label={label} /> : <Line sight={sight} label={label} />;
}

function Line({ sight, label }: { sight: Sight; label: string }) {
  return (
    <svg className="spark" viewBox={`-2 -2 ${WIDTH + 4} ${HEIGHT + 4}`} width={WIDTH + 4} height={HEIGHT + 4} role="img" aria-label={label}>
      <title>{label}</title>
      <path d={lineThrough(sight.values, WIDTH, HEIGHT)} />
    </svg>
  );
}

/** Black is the least, white the greatest; where there is no number one sees through. */
function Plane({ sight, label }: { sight: Sight; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [rows = 1, columns = 1] = sight.shape;
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const image = context.createImageData(columns, rows);
    scaled(sight.values).forEach((value, at) => {
      const grey = Math.round(255 * (value ?? 0));
      image.data.set([grey, grey, grey, value === null ? 0 : 255], 4 * at);
    });
    context.putImageData(image, 0, 0);
  }, [sight, rows, columns]);
  const scale = Math.max(1, Math.min(6, Math.floor(96 / Math.max(rows, columns))));
  return <canvas ref={canvas} className="plane" width={columns} height={rows} style={{ width: columns * scale, height: rows * scale }} role="img" aria-label={label} title={label} />;
}
