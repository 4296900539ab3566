/** Here is a message as a tree: what is in it opens by a click, or by the keyboard. */

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
