/** Here are the small parts that all views share: a status, an error, an empty place that says what to do. */

import { type ReactNode, useEffect, useState } from "react";
import { useMonitor } from "../monitor";
import type { Refused } from "../session";

export function Status({ of }: { of: string }) {
  return <span className={`status is-${of}`}>{of}</span>;
}

export function Failure({ error }: { error: Refused }) {
  return (
    <p className="failure" role="alert">
      {error.message} <small className="mono">{error.code}</small>
    </p>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <div className="empty">{children}</div>;
}

const SAID_MS = 2000;

/** A command to be typed elsewhere, with a button that copies it. */
export function Command({ children }: { children: string }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    const timer = window.setTimeout(() => setSaid(""), SAID_MS);
    return () => window.clearTimeout(timer);
  }, [said]);
  const copy = () => {
    // Where the monitor is reached over plain HTTP from afar, a browser has no clipboard for it.
    const done = navigator.clipboard?.writeText(children) ?? Promise.reject(new Error("no clipboard"));
    done.then(
      () => setSaid("copied"),
      () => setSaid("select and copy it"),
    );
  };
  return (
    <span className="command">
      <code>{children}</code>
      <button type="button" onClick={copy} aria-label={`copy ${children}`}>
        Copy
      </button>
      <small role="status">{said}</small>
    </span>
  );
}

export const ONLY_LOOKS = "Your token only looks: open the link that has the debug token to act";

/** What needs the debug token: without it, all buttons and fields inside are off, and say why. */
export function Acting({ children, says = false }: { children: ReactNode; says?: boolean }) {
  const isOff = useMonitor().role === "view";
  return (
    <fieldset className="acting" disabled={isOff} title={isOff ? ONLY_LOOKS : undefined}>
      {isOff && says && <p className="faint">{ONLY_LOOKS}.</p>}
      {children}
    </fieldset>
  );
}

export function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** A table that scrolls by itself where it does not fit, so that the page does not. */
export function Scrolled({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="scrolled" role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

/** What was asked for, or why it is not there. */
export function Answer<T>({
  of: { data, error },
  children,
}: {
  of: { data: T | undefined; error: Refused | undefined };
  children: (data: T) => ReactNode;
}) {
  if (data !== undefined) return <>{children(data)}</>;
  if (error !== undefined) return <Failure error={error} />;
  return (
    <p className="empty" aria-busy="true">
      Loading…
    </p>
  );
}
