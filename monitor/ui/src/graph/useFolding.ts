/** Here is which groups of a flow are closed: all of them where there are too many routines, else none. */

import { useMemo, useState } from "react";
import type { Flow } from "../contract";
import { type Folded, folded } from "./folded";
import { type Group, groupsOf, MANY } from "./groups";

export interface Folding {
  groups: readonly Group[];
  shown: Folded;
  open: (name: string) => void;
  close: (name: string) => void;
  openAll: () => void;
  closeAll: () => void;
}

/** `opened` is told of a group that has been opened. */
export function useFolding(flow: Flow, opened: (group: Group) => void): Folding {
  const shape = JSON.stringify([Object.keys(flow.routines), flow.connections]);
  const groups = useMemo(() => groupsOf(flow), [shape]);
  const all = () => new Set(groups.map((group) => group.name));
  const [closed, setClosed] = useState<ReadonlySet<string>>(() => (Object.keys(flow.routines).length > MANY ? all() : new Set()));
  const shown = useMemo(() => folded(flow, groups.filter((group) => closed.has(group.name))), [shape, groups, closed]);
  return {
    groups,
    shown,
    open: (name) => {
      setClosed((before) => new Set([...before].filter((each) => each !== name)));
      const group = groups.find((each) => each.name === name);
      if (group !== undefined) opened(group);
    },
    close: (name) => setClosed((before) => new Set([...before, name])),
    openAll: () => setClosed(new Set()),
    closeAll: () => setClosed(all()),
  };
}
