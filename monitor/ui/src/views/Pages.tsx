/** Here is how one turns the pages of a long list. */

interface Props {
  offset: number;
  shown: number;
  total: number;
  size: number;
  turn: (offset: number) => void;
  /** Towards the beginning of the list, and towards its end. */
  names?: readonly [string, string];
}

export function Pages({ offset, shown, total, size, turn, names: [before, after] = ["newer", "older"] }: Props) {
  if (offset === 0 && total <= shown) return null;
  return (
    <nav className="pages" aria-label="pages">
      <button type="button" disabled={offset === 0} onClick={() => turn(Math.max(0, offset - size))}>
        {before}
      </button>
      <span>{shown === 0 ? `none beyond ${total.toLocaleString()}` : `${offset + 1}–${offset + shown} of ${total.toLocaleString()}`}</span>
      <button type="button" disabled={offset + shown >= total} onClick={() => turn(offset + size)}>
        {after}
      </button>
    </nav>
  );
}
