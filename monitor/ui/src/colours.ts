/** Here are the page's colours for what is drawn on a canvas, and which routine has which. */

import { useMemo, useSyncExternalStore } from "react";

export interface Colours {
  ink: string;
  faint: string;
  line: string;
  bad: string;
  accent: string;
  sunk: string;
  /** Of a routine, the same everywhere on the page. */
  of: (name: string) => string;
}

/** Steps around the circle, so that neighbours in any order differ. */
const HUES = [217, 28, 152, 280, 190, 340, 52, 245, 100, 12, 170, 310];

/** Which colour a name has is decided by when it was first asked for, and stays. */
const places = new Map<string, number>();

export function hueOf(name: string): number {
  let place = places.get(name);
  if (place === undefined) places.set(name, (place = places.size));
  return HUES[place % HUES.length] ?? 0;
}

function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  // `light-dark()` is resolved only where it is used as a colour, so the element is asked for one.
  const probe = document.createElement("i");
  document.body.append(probe);
  const found = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const all = { ink: found("ink"), faint: found("faint"), line: found("line"), bad: found("bad"), accent: found("accent"), sunk: found("sunk") };
  probe.remove();
  const isDark = style.colorScheme === "dark" || (style.colorScheme !== "light" && dark().matches);
  return { ...all, of: (name) => `hsl(${hueOf(name)} ${isDark ? "70% 66%" : "62% 42%"})` };
}

const dark = () => window.matchMedia("(prefers-color-scheme: dark)");

function subscribe(changed: () => void): () => void {
  const watch = new MutationObserver(changed);
  watch.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  const media = dark();
  media.addEventListener("change", changed);
  return () => {
    watch.disconnect();
    media.removeEventListener("change", changed);
  };
}

/** The colours as they are, and new ones when the page turns light or dark. */
export function useColours(): Colours {
  const scheme = useSyncExternalStore(subscribe, () => `${document.documentElement.dataset["theme"] ?? ""} ${dark().matches}`);
  return useMemo(colours, [scheme]);
}
