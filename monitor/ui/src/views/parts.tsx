/** Here are the small parts that all views share: a status, an error, an empty place that says what to do. */

import type { ReactNode } from "react";
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

export function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd>{children}</dd>
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
  return <p className="empty" aria-busy="true">Loading…</p>;
}
