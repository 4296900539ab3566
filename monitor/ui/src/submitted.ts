/** Here is what was submitted from this tab, so that it can be submitted again: a trace shows but the beginning of a payload. */

import type { Draft } from "./route";

const KEY = "routilux.submitted";
/** Jobs, the newest, and characters of a payload. */
const MOST = 20;
const LONGEST = 20_000;

type Kept = [job: string, draft: Draft][];

export function remember(storage: Storage, job: string, { flow, slot, data }: Draft): void {
  if (data.length > LONGEST) return;
  const others = kept(storage).filter(([name]) => name !== job);
  storage.setItem(KEY, JSON.stringify([...others, [job, { flow, slot, data }]].slice(-MOST)));
}

export function remembered(storage: Storage, job: string, flow: string): Draft | undefined {
  return kept(storage).find(([name, draft]) => name === job && draft.flow === flow)?.[1];
}

function kept(storage: Storage): Kept {
  return JSON.parse(storage.getItem(KEY) ?? "[]") as Kept;
}
