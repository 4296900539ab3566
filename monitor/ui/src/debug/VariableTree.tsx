/** Here are values of a held process: what is in one is asked for when it is opened. */

import { useState } from "react";
import type { Variable, Variables } from "../contract";
import { useApi } from "../useApi";
import { ArrayPicture } from "./ArrayPicture";
import { Settable } from "./Settable";
import { sightOf } from "../scale";

interface Where {
  /** The path of the job's debugging, and which hold of it. */
  base: string;
  hold: string;
}

const SCOPES = ["local", "state", "configuration", "attribute"];

/** `changed` is called when one has been given another value. */
export function VariableList({ variables, changed, ...where }: Where & { variables: readonly Variable[]; changed: () => void }) {
  const [turn, setTurn] = useState(0);
  const changedOne = () => {
    setTurn((before) => before + 1); // what was opened in it may be gone
    changed();
  };
  return SCOPES.map((scope) => {
    const found = variables.filter((each) => each.scope === scope);
    if (found.length === 0) return null;
    return (
      <section key={scope} className="scope" aria-label={`${scope} variables`}>
        <h4>{scope}</h4>
        {found.map((each) => (
          <Settable key={each.path} variable={each} changed={changedOne} {...where}>
            <VariableTree key={turn} variable={each} {...where} />
          </Settable>
        ))}
      </section>
    );
  });
}

export function VariableTree({ variable, isOpen = false, ...where }: Where & { variable: Variable; isOpen?: boolean }) {
  const [wasOpened, setOpened] = useState(isOpen);
  const head = (
    <>
      <b>{variable.name}</b> <span className="faint">{variable.type}</span> <code>{variable.value}</code>
      <Sighted variable={variable} />
    </>
  );
  if (variable.count === 0) return <div className="vars leaf">{head}</div>;
  return (
    <details className="vars" open={isOpen} onToggle={(event) => event.currentTarget.open && setOpened(true)}>
      <summary>{head}</summary>
      {wasOpened && <Children variable={variable} {...where} />}
    </details>
  );
}

function Children({ variable, base, hold }: Where & { variable: Variable }) {
  const asked = new URLSearchParams({ hold_id: hold, path: variable.path }).toString();
  const { data, error } = useApi<Variables>(`${base}/variables?${asked}`);
  if (error !== undefined) return <p className="wrong">{error.message}</p>;
  if (data === undefined) return <p className="faint">Looking…</p>;
  const left = variable.count - data.variables.length;
  return (
    <>
      {data.variables.map((each) => (
        <VariableTree key={each.path} variable={each} base={base} hold={hold} />
      ))}
      {left > 0 && <p className="faint">and {left} more</p>}
    </>
  );
}

function Sighted({ variable }: { variable: Variable }) {
  const sight = variable.picture === null ? null : sightOf(variable.picture.shape, variable.picture.values);
  if (sight === null) return null;
  return <ArrayPicture sight={sight} label={`${variable.name}: ${sight.shape.join(" × ")} of its numbers, evenly spread`} />;
}
