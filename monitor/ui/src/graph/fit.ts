/** Here is when the whole graph is to be shown anew: its ground has another size, and nobody has moved the view. */

import type { Transform } from "@xyflow/react";

/** The view that has shown the whole, and how often one had asked for that by then. */
export interface Fitted {
  view: Transform;
  asked: number;
}

const ABOUT = 1e-3;

export function isToBeFitted(before: Fitted, now: Fitted): boolean {
  return now.asked !== before.asked || now.view.every((each, at) => Math.abs(each - (before.view[at] ?? NaN)) < ABOUT);
}
