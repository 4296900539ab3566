/** Here is the line to the monitor: one WebSocket that comes back by itself, and says so. */

/** `refused`: the monitor does not know our token, and to ask again is of no use. */
export type Connection = "connecting" | "open" | "lost" | "refused";

export interface Message {
  type: string;
  [field: string]: unknown;
}

export interface Wanted {
  [field: string]: string;
}

const SHORTEST = 250;
const LONGEST = 5000;
const POLICY_VIOLATION = 1008;
const UNKNOWN_MS = 1000;

export class Line {
  private socket: WebSocket | null = null;
  private delay = SHORTEST;
  private readonly wanted = new Map<string, Wanted>();
  private isClosed = false;

  constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly heard: (message: Message) => void,
    private readonly became: (state: Connection) => void,
    private readonly make: (url: string, protocols: string[]) => WebSocket = (url, protocols) => new WebSocket(url, protocols),
    private readonly later: (callback: () => void, ms: number) => void = (callback, ms) => void setTimeout(callback, ms),
  ) {}

  open(): void {
    if (this.isClosed) return;
    if (this.socket === null) this.became("connecting"); // later ones are lost until they stand
    const socket = this.make(this.url, ["routilux.v1", `token.${this.token}`]);
    this.socket = socket;
    socket.onopen = () => {
      this.delay = SHORTEST;
      this.became("open");
      for (const what of this.wanted.values()) this.send({ type: "subscribe", ...what });
    };
    socket.onmessage = (event: MessageEvent<string>) => this.take(JSON.parse(event.data) as Message);
    socket.onclose = ({ code, reason }) => {
      if (this.isClosed || this.socket !== socket) return;
      // Whoever does not read is sent away with the same code.
      if (code === POLICY_VIOLATION && reason.includes("token")) {
        this.became("refused");
        return;
      }
      this.became("lost");
      this.later(() => this.open(), this.delay);
      this.delay = Math.min(this.delay * 2, LONGEST);
    };
  }

  /** What cannot be followed yet is asked for again: a monitor that was just started may not know it. */
  private take(message: Message): void {
    if (message.type === "error") {
      for (const [key, what] of this.wanted) if (isAbout(message, what)) this.later(() => this.again(key), UNKNOWN_MS);
    }
    this.heard(message);
  }

  private again(key: string): void {
    const what = this.wanted.get(key);
    if (what !== undefined) this.send({ type: "subscribe", ...what });
  }

  /** Subscribe, now and after each reconnect, until the returned function is called. */
  follow(what: Wanted): () => void {
    const key = JSON.stringify(what);
    if (!this.wanted.has(key)) this.send({ type: "subscribe", ...what });
    this.wanted.set(key, what);
    return () => {
      if (this.wanted.delete(key)) this.send({ type: "unsubscribe", ...what });
    };
  }

  close(): void {
    this.isClosed = true;
    this.socket?.close();
  }

  private send(message: Message): void {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(message));
  }
}

function isAbout(message: Message, what: Wanted): boolean {
  return ["job_id", "flow_id"].every((name) => (message[name] ?? undefined) === what[name]);
}
