/** Here is what somebody does with a button or a key: one thing at a time, and why the last was not possible. */

import { useRef, useState } from "react";
import { Refused } from "./session";

/** Whether it was done: not what is asked for while something else is under way. */
export type Act = (work: () => Promise<unknown>) => Promise<boolean>;

export function useAct(): { act: Act; error: Refused | null } {
  const [error, setError] = useState<Refused | null>(null);
  const isUnderWay = useRef(false);
  const act: Act = async (work) => {
    if (isUnderWay.current) return false;
    isUnderWay.current = true;
    try {
      await work();
      setError(null);
      return true;
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      setError(refused);
      return false;
    } finally {
      isUnderWay.current = false;
    }
  };
  return { act, error };
}

/** Of a mouse; a key has none. */
interface Click {
  detail: number;
  preventDefault: () => void;
}

/** A double click is one click: its second would be for what has come into the place of the first meanwhile. */
export const once = (act: () => void) => (click: Click) => {
  if (click.detail < 2) act();
  else click.preventDefault();
};
