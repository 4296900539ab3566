/** Here is the monitor as every view knows it: how to ask, how to listen, and whether the line stands. */

import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { Client } from "./session";
import { type Connection, Line, type Message } from "./socket";

type Hearer = (message: Message) => void;

/** What the token is good for: to look, or to act as well. */
export type Role = "view" | "debug";

export interface Monitor {
  client: Client;
  line: Line;
  connection: Connection;
  /** Undefined until the monitor has said so. */
  role: Role | undefined;
  hear: (hearer: Hearer) => () => void;
}

const MonitorContext = createContext<Monitor | null>(null);

export function MonitorProvider({ token, children }: { token: string; children: ReactNode }) {
  const [connection, setConnection] = useState<Connection>("connecting");
  const [role, setRole] = useState<Role>();
  const made = useMemo(() => {
    const hearers = new Set<Hearer>();
    const url = `${window.location.protocol === "https:" ? "wss" : "ws"}://${window.location.host}/api/v1/websocket`;
    const line = new Line(url, token, (message) => hearers.forEach((hearer) => hearer(message)), setConnection);
    const hear = (hearer: Hearer) => {
      hearers.add(hearer);
      return () => void hearers.delete(hearer);
    };
    return { client: new Client(token), line, hear };
  }, [token]);
  useEffect(() => {
    const deaf = made.hear((message) => {
      if (message.type === "connected") setRole(message["role"] as Role);
    });
    made.line.open();
    return () => {
      deaf();
      made.line.close();
    };
  }, [made]);
  const value = useMemo(() => ({ ...made, connection, role }), [made, connection, role]);
  return <MonitorContext value={value}>{children}</MonitorContext>;
}

export function useMonitor(): Monitor {
  const found = useContext(MonitorContext);
  if (found === null) throw new Error("a view outside MonitorProvider");
  return found;
}
