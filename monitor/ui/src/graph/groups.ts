/** Here is how the routines of a large flow are gathered in groups, so that its graph can be read. */

import type { Flow } from "../contract";

export interface Group {
  name: string;
  routines: readonly string[];
}

/** Above so many routines, groups are closed to begin with. */
export const MANY = 300;
/** Of boxes, if all groups are closed; names that leave more of them are no help. */
const MOST_BOXES = 120;
const MOST_BANDS = 40;
const SHORTEST = 2;

/**
 * Routines whose names begin alike are a group: `stage-07-1` and `stage-07-2` are of `stage-07`. Where names
 * tell nothing, those as far from the beginning of the flow as each other are.
 */
export function groupsOf(flow: Flow): readonly Group[] {
  const names = Object.keys(flow.routines);
  let prefixes = new Map(names.map((name) => [name, shortened(name)]));
  for (let turn = 0; turn < 3; turn += 1) {
    const found = gathered(names, (name) => prefixes.get(name) ?? "");
    if (found.length > 0 && boxes(names, found) <= MOST_BOXES) return found;
    prefixes = new Map(names.map((name) => [name, shortened(prefixes.get(name) ?? "")]));
  }
  return names.length > MOST_BOXES ? bands(flow) : [];
}

/** Without its last part: a number at the end, or what stands behind the last of `- _ . : /`. */
export function shortened(name: string): string {
  const parted = /\d+$/.test(name) ? name.replace(/\d+$/, "") : name.replace(/[^-_.:/ ]*$/, "");
  return parted.replace(/[-_.:/ ]+$/, "");
}

function gathered(names: readonly string[], groupOf: (name: string) => string): Group[] {
  const found = new Map<string, string[]>();
  for (const name of names) {
    const group = groupOf(name);
    if (group) found.set(group, [...(found.get(group) ?? []), name]);
  }
  return [...found].filter(([, routines]) => routines.length >= SHORTEST).map(([name, routines]) => ({ name, routines }));
}

function boxes(names: readonly string[], groups: readonly Group[]): number {
  return names.length - groups.reduce((sum, group) => sum + group.routines.length - 1, 0);
}

/** Neighbouring levels together, so that there are not too many. */
function bands(flow: Flow): Group[] {
  const levels = levelsOf(flow);
  const size = Math.ceil((Math.max(...levels.values()) + 1) / MOST_BANDS);
  const name = (routine: string) => {
    const first = Math.floor((levels.get(routine) ?? 0) / size) * size;
    return size === 1 ? `level ${first + 1}` : `levels ${first + 1}–${first + size}`;
  };
  return gathered(Object.keys(flow.routines), name);
}

/** How far each routine is from the beginning, the longest way counted; a circle is cut where it is met. */
export function levelsOf(flow: Flow): ReadonlyMap<string, number> {
  const next = new Map<string, string[]>();
  const open = new Map(Object.keys(flow.routines).map((name) => [name, 0]));
  for (const { source_routine: source, target_routine: target } of flow.connections) {
    if (source === target) continue;
    next.set(source, [...(next.get(source) ?? []), target]);
    open.set(target, (open.get(target) ?? 0) + 1);
  }
  const levels = new Map<string, number>();
  const far = new Map<string, number>();
  while (open.size > 0) {
    const free = [...open].filter(([, count]) => count <= 0).map(([name]) => name);
    for (const name of free.length > 0 ? free : [...open.keys()].slice(0, 1)) {
      open.delete(name);
      const level = far.get(name) ?? 0;
      levels.set(name, level);
      for (const target of next.get(name) ?? []) {
        if (!open.has(target)) continue;
        open.set(target, (open.get(target) ?? 0) - 1);
        far.set(target, Math.max(far.get(target) ?? 0, level + 1));
      }
    }
  }
  return levels;
}
