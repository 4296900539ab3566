/** Here is the sheet that lists the keys; "?" opens it. */

import { useEffect, useRef } from "react";

const KEYS: readonly [string, readonly [string, string][]][] = [
  [
    "While a message is held",
    [
      ["F8 or F5", "resume"],
      ["F10", "step over: hold again at this routine's next activation"],
      ["F11", "step into: hold where this message arrives"],
      ["⇧F11", "step: hold at the next thing that happens in this process"],
    ],
  ],
  [
    "On the graph",
    [
      ["← ↑ → ↓", "along the connections, up and down the routines"],
      ["Enter", "choose a routine, a port or a connection; open a group"],
      ["F9", "set a breakpoint there, or take it away"],
    ],
  ],
  [
    "On the task stream",
    [
      ["← →", "earlier, later"],
      ["+ −", "closer, wider"],
      ["0", "all of it"],
      ["L", "follow what happens now"],
    ],
  ],
  [
    "Everywhere",
    [
      ["Tab", "to the next link, button or field"],
      ["Esc", "close what is open"],
      ["?", "this sheet"],
    ],
  ],
];

export function Shortcuts() {
  const sheet = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      event.preventDefault();
      if (!sheet.current?.open) sheet.current?.showModal();
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, []);
  return (
    <>
      <button type="button" className="icon" aria-label="keyboard shortcuts" onClick={() => sheet.current?.showModal()}>
        ?
      </button>
      <dialog ref={sheet} className="keys" aria-labelledby="keys-title">
        <div className="bar">
          <h2 id="keys-title">Keys</h2>
          <button type="button" className="end" onClick={() => sheet.current?.close()}>
            Close
          </button>
        </div>
        {KEYS.map(([where, keys]) => (
          <section key={where}>
            <h3>{where}</h3>
            <dl>
              {keys.map(([key, what]) => (
                <div key={key}>
                  <dt>
                    <kbd>{key}</kbd>
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </dialog>
    </>
  );
}

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}
