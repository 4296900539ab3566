/** Here is a message as a tree: what is in it opens by a click, or by the keyboard; arrays have a picture. */

import { ArrayPicture } from "./ArrayPicture";
import { sightOf } from "../scale";

const OPEN = 2;
const SHOWN = 100;

export function JsonTree({ value, name, depth = 0 }: { value: unknown; name?: string; depth?: number }) {
  const label = name === undefined ? null : <b>{name}: </b>;
  if (typeof value !== "object" || value === null) {
    return (
      <div className="leaf">
        {label}
        <code className={`is-${value === null ? "null" : typeof value}`}>{JSON.stringify(value)}</code>
      </div>
    );
  }
  const array = arrayOf(value);
  if (array !== null) {
    return (
      <div className="leaf">
        {label}
        <ArrayShown array={array} />
      </div>
    );
  }
  const parts = Object.entries(value);
  return (
    <details className="tree" open={depth < OPEN}>
      <summary>
        {label}
        <span className="faint">{Array.isArray(value) ? `[${parts.length}]` : `{${parts.length}}`}</span>
      </summary>
      {parts.slice(0, SHOWN).map(([key, part]) => (
        <JsonTree key={key} name={key} value={part} depth={depth + 1} />
      ))}
      {parts.length > SHOWN && <p className="faint">and {parts.length - SHOWN} more</p>}
    </details>
  );
}

interface ArrayTold {
  dtype: string;
  shape: readonly number[];
  preview?: readonly unknown[];
  min?: number;
  max?: number;
}

/** An array, as the monitor tells it of an encoded payload: with its first items. */
function arrayOf(value: object): ArrayTold | null {
  return "$array" in value && typeof value.$array === "object" ? (value.$array as ArrayTold) : null;
}

function ArrayShown({ array }: { array: ArrayTold }) {
  const first = array.preview ?? [];
  const size = array.shape.reduce((product, length) => product * length, 1);
  const isAll = first.length === size;
  const sight = sightOf(isAll && array.shape.length === 2 ? array.shape : [first.length], first);
  return (
    <>
      <code>
        {array.dtype} ({array.shape.join(", ")}){array.min !== undefined && ` min ${array.min} max ${array.max}`}
      </code>
      {sight !== null && <ArrayPicture sight={sight} label={isAll ? `${size} numbers` : `the first ${first.length} of ${size} numbers`} />}
    </>
  );
}
