/**
 * Here is the one store of the page: figures by key, and who looks at each. What comes in is kept at once and
 * shown once a frame, so a burst of updates costs one drawing.
 */

import { useCallback, useRef, useSyncExternalStore } from "react";

type Listener = () => void;

export class Store {
  private readonly values = new Map<string, unknown>();
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly changed = new Set<string>();
  private isDue = false;

  constructor(private readonly nextFrame: (callback: () => void) => void = (callback) => requestAnimationFrame(callback)) {}

  get<T>(key: string): T | undefined {
    return this.values.get(key) as T | undefined;
  }

  /** Keep the value; whoever looks at the key is told with the next frame, if it is another one. */
  set<T>(key: string, value: T): void {
    if (Object.is(this.values.get(key), value)) return;
    this.values.set(key, value);
    this.changed.add(key);
    if (!this.isDue) {
      this.isDue = true;
      this.nextFrame(() => this.flush());
    }
  }

  update<T>(key: string, change: (before: T | undefined) => T): void {
    this.set(key, change(this.get<T>(key)));
  }

  subscribe(key: string, listener: Listener): () => void {
    const found = this.listeners.get(key) ?? new Set();
    this.listeners.set(key, found.add(listener));
    return () => {
      found.delete(listener);
      if (found.size === 0) this.listeners.delete(key);
    };
  }

  private flush(): void {
    this.isDue = false;
    const keys = [...this.changed];
    this.changed.clear();
    for (const key of keys) for (const listener of this.listeners.get(key) ?? []) listener();
  }
}

export const store = new Store();

/** The value of a key, and a new drawing whenever it changes. */
export function useStored<T>(key: string): T | undefined {
  const subscribe = useCallback((listener: Listener) => store.subscribe(key, listener), [key]);
  return useSyncExternalStore(subscribe, () => store.get<T>(key));
}

/** What is picked of the value of a key, and a new drawing only when that changes: pick something plain. */
export function useStoredPart<T, P>(key: string, pick: (value: T | undefined) => P): P {
  const subscribe = useCallback((listener: Listener) => store.subscribe(key, listener), [key]);
  return useSyncExternalStore(subscribe, () => pick(store.get<T>(key)));
}

/** What is picked of the values of several keys. `keys` stay the same array as long as they are the same. */
export function useStoredOf<T, P>(keys: readonly string[], pick: (values: readonly (T | undefined)[]) => P): P {
  const subscribe = useCallback(
    (listener: Listener) => {
      const leave = keys.map((key) => store.subscribe(key, listener));
      return () => leave.forEach((each) => each());
    },
    [keys],
  );
  return useSyncExternalStore(subscribe, () => pick(keys.map((key) => store.get<T>(key))));
}

/** The values of several keys, and a new drawing whenever one of them changes. */
export function useStoredMany<T>(keys: readonly string[]): readonly (T | undefined)[] {
  const known = useRef<readonly (T | undefined)[]>([]);
  return useStoredOf<T, readonly (T | undefined)[]>(keys, (now) => {
    const isSame = now.length === known.current.length && now.every((value, at) => Object.is(value, known.current[at]));
    if (!isSame) known.current = now;
    return known.current;
  });
}
