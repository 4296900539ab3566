/** Here is the form that changes a held message, in JSON, and lets it go on as that. */

import { type FormEvent, useState } from "react";
import { checkedJson } from "./json";

export function EditForm({ payload, edit }: { payload: unknown; edit: (payload: unknown) => void }) {
  const [text, setText] = useState<string | null>(null);
  const [error, setError] = useState("");
  if (text === null) {
    return (
      <button type="button" onClick={() => setText(JSON.stringify(payload, null, 2))}>
        Edit
      </button>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { value, wrong } = checkedJson(text);
    setError(wrong ?? "");
    if (wrong === null) edit(value);
  };
  return (
    <form className="edit" onSubmit={submit}>
      <textarea aria-label="held message, in JSON" rows={6} value={text} onChange={(event) => setText(event.target.value)} autoFocus />
      <div className="actions">
        <button type="submit">Go on with this</button>
        <button type="button" onClick={() => setText(null)}>
          Leave it
        </button>
      </div>
      {error && <p className="wrong">{error}</p>}
    </form>
  );
}
