/** Here is who we are to the monitor: the token, and how a request is made with it. */

import type { MessageRecording } from "./contract";

const KEY = "routilux.token";
/** A long trace takes seconds. Beyond this, nobody is there: a connection that was cut off does not say so. */
const PATIENCE_MS = 60_000;

/** Take the token out of the link's fragment, so that it stands in no history, and keep it for this tab. */
export function adoptToken(location: Location, storage: Storage, replace: (url: string) => void): string | null {
  const fragment = new URLSearchParams(location.hash.replace(/^#/, ""));
  const given = fragment.get("token");
  if (given !== null) {
    storage.setItem(KEY, given);
    fragment.delete("token");
    const rest = fragment.toString();
    replace(location.pathname + location.search + (rest ? `#${rest}` : ""));
  }
  return storage.getItem(KEY);
}

export function keepToken(storage: Storage, token: string): void {
  storage.setItem(KEY, token);
}

/** What the monitor refused, or could not do. */
export class Refused extends Error {
  constructor(
    /** Of HTTP; 0 if there was no answer. */
    readonly status: number,
    readonly code: string,
    message: string,
    /** `pointer` names the field that is wrong, where the monitor says. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }

  /** Whether the monitor or a runtime is away or busy, so that it may answer a moment later. */
  get isPassing(): boolean {
    return [0, 408, 429].includes(this.status);
  }
}

interface ErrorBody {
  error?: { code?: string; message?: string; details?: Record<string, unknown> };
}

export class Client {
  constructor(readonly token: string) {}

  get<T>(path: string): Promise<T> {
    return this.ask<T>("GET", path);
  }

  post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.ask<T>("POST", path, body);
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.ask<T>("PUT", path, body);
  }

  delete<T>(path: string): Promise<T> {
    return this.ask<T>("DELETE", path, {});
  }

  /** Let the browser keep an answer as a file. The token goes in a header, so a plain link would not do. */
  async keepFile(path: string, name: string): Promise<void> {
    const content = await this.get<unknown>(path);
    keep(new Blob([JSON.stringify(content)], { type: "application/json" }), name);
  }

  /** The same of a message of a trace, for `routilux replay`. */
  async keepRecording(path: string, name: string): Promise<void> {
    const { recording } = await this.get<MessageRecording>(path);
    keep(new Blob([Uint8Array.from(atob(recording), (each) => each.charCodeAt(0))]), name);
  }

  private async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.token}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response: Response;
    let text: string;
    try {
      response = await fetch(`/api/v1${path}`, {
        method,
        headers,
        signal: AbortSignal.timeout(PATIENCE_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch {
      throw new Refused(0, "UNREACHABLE", "The monitor does not answer. Is it still running?");
    }
    if (response.status === 204) return undefined as T;
    const answer = parsed<T & ErrorBody>(text, response);
    if (!response.ok) {
      const { code = "ERROR", message = response.statusText, details = {} } = answer.error ?? {};
      throw new Refused(response.status, code, message, details);
    }
    return answer;
  }
}

/** What stands between us and the monitor may answer in its place, and in no JSON. */
function parsed<T>(text: string, { status, statusText }: Response): T {
  try {
    return JSON.parse(text || "{}") as T;
  } catch {
    throw new Refused(status, "NO_JSON", `This is no answer of a monitor: ${statusText || status}`);
  }
}

function keep(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
